// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";

/** The thread, not loaded. */
export type ThreadUnarchiveResponse = {
  thread: Thread,
};
