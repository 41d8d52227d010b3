// Generated from the message types of codex-trio. Do not edit.

/** From where a thread is unread. */
export type ThreadUnreadPosition = {
  "type": "threadStart",
} | {
  "type": "turn",
  turnId: string,
};
