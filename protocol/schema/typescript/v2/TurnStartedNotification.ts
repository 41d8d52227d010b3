// Generated from the message types of codex-trio. Do not edit.
import type { Turn } from "./Turn";

/** A turn has begun. */
export type TurnStartedNotification = {
  threadId: string,
  turn: Turn,
};
