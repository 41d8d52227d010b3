// Generated from the message types of codex-trio. Do not edit.

/** What came of a prediction. */
export type ThreadPredictionResult = {
  "type": "completed",
  text: string | null,
} | {
  "type": "failed",
};
