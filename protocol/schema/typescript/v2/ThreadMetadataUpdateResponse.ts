// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";

/** The thread as it is now. */
export type ThreadMetadataUpdateResponse = {
  thread: Thread,
};
