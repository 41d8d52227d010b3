// Generated from the message types of codex-trio. Do not edit.

/** List skills, by folder; none is the server's own. */
export type SkillsListParams = {
  cwds?: Array<string>,
  /** Read all files anew. */
  forceReload?: boolean,
};
