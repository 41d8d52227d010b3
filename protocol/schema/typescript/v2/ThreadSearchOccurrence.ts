// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSearchTextRange } from "./ThreadSearchTextRange";

/** One place where the words were found. The cursor leads to its turn in `thread/turns/list`. */
export type ThreadSearchOccurrence = {
  turnId: string,
  itemId: string,
  snippet: string,
  snippetMatchRange: ThreadSearchTextRange,
  turnCursor: string,
};
