// Generated from the message types of codex-trio. Do not edit.
import type { ThreadReadState } from "./ThreadReadState";

/** A thread became read or unread. */
export type ThreadReadStateChangedNotification = {
  threadId: string,
  readState: ThreadReadState,
};
