// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";

/** The thread with the turns that are left. */
export type ThreadRollbackResponse = {
  thread: Thread,
};
