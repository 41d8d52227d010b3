// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";
import type { ThreadReadState } from "./ThreadReadState";

/** The thread, and its read state if one is kept. */
export type ThreadReadResponse = {
  thread: Thread,
  readState: ThreadReadState | null,
};
