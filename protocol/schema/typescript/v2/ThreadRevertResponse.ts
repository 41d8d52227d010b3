// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";

/** The thread without its turns, and where to read backwards from. */
export type ThreadRevertResponse = {
  thread: Thread,
  turnsBackwardsCursor: string | null,
  itemsBackwardsCursor: string | null,
};
