// Generated from the message types of codex-trio. Do not edit.
import type { Turn } from "./Turn";

/** A turn is over: completed, interrupted or failed. */
export type TurnCompletedNotification = {
  threadId: string,
  turn: Turn,
};
