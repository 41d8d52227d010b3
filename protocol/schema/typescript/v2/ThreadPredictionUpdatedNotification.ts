// Generated from the message types of codex-trio. Do not edit.
import type { ThreadPredictionResult } from "./ThreadPredictionResult";

/** The outcome of a prediction. */
export type ThreadPredictionUpdatedNotification = {
  threadId: string,
  sourceTurnId: string,
  result: ThreadPredictionResult,
};
