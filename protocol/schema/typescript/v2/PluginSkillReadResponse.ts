// Generated from the message types of codex-trio. Do not edit.

/** The skill's text; null when it has none. */
export type PluginSkillReadResponse = {
  contents: string | null,
};
