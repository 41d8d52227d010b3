// Generated from the message types of codex-trio. Do not edit.

/** The thread that the report is filed under. The digest of the instructions is null when unknown. */
export type FeedbackUploadResponse = {
  threadId: string,
  promptHash: string | null,
};
