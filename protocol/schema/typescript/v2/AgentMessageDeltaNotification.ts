// Generated from the message types of codex-trio. Do not edit.

/** More text of an assistant message. */
export type AgentMessageDeltaNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  delta: string,
};
