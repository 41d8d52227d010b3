// Generated from the message types of codex-trio. Do not edit.
import type { TurnError } from "./TurnError";

/** A model request failed. `willRetry` says that the turn goes on trying. */
export type ErrorNotification = {
  error: TurnError,
  willRetry: boolean,
  threadId: string,
  turnId: string,
};
