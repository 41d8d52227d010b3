// Generated from the message types of codex-trio. Do not edit.

/** Look for another agent's files, at home and in some folders. */
export type ExternalAgentConfigDetectParams = {
  includeHome?: boolean,
  cwds?: Array<string> | null,
  maxSessionAgeDays?: number | null,
  maxSessions?: number | null,
  source?: string | null,
  migrationSource?: string | null,
};
