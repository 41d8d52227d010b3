// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";

/** A thread exists; its turns are left out. */
export type ThreadStartedNotification = {
  thread: Thread,
};
