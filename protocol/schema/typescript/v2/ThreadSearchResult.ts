// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";

/** A thread and the words around the match. */
export type ThreadSearchResult = {
  thread: Thread,
  snippet: string,
};
