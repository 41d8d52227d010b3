// Generated from the message types of codex-trio. Do not edit.

/** How to change a thread's read state. */
export type ThreadReadStateOperation = {
  "type": "read",
} | {
  "type": "unread",
};
