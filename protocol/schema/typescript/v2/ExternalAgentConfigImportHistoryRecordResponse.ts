// Generated from the message types of codex-trio. Do not edit.

/** The import's id. */
export type ExternalAgentConfigImportHistoryRecordResponse = {
  importId: string,
};
