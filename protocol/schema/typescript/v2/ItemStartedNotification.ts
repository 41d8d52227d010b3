// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** An item begins. */
export type ItemStartedNotification = {
  item: ThreadItem,
  threadId: string,
  turnId: string,
  /** Unix milliseconds. */
  startedAtMs: number,
};
