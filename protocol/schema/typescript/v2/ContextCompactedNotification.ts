// Generated from the message types of codex-trio. Do not edit.

/** The history was summed up. Older form of the item `contextCompaction`. */
export type ContextCompactedNotification = {
  threadId: string,
  turnId: string,
};
