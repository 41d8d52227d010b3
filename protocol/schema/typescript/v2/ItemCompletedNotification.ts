// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** An item has ended and will not change again. */
export type ItemCompletedNotification = {
  item: ThreadItem,
  threadId: string,
  turnId: string,
  /** Tokens of an assistant message by the provider's count; null when unknown. */
  contentTokenCount: number | null,
  /** Unix milliseconds. */
  completedAtMs: number,
};
