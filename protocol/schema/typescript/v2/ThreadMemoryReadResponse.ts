// Generated from the message types of codex-trio. Do not edit.

/** The summary; null when there is none or memory is off. */
export type ThreadMemoryReadResponse = {
  summary: string | null,
};
