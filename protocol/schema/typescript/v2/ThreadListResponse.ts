// Generated from the message types of codex-trio. Do not edit.
import type { Thread } from "./Thread";
import type { ThreadReadState } from "./ThreadReadState";

/**
 * A page of threads.
 *
 * Null cursors mark an end; `backwardsCursor` leads to newer threads when sorting the other way.
 */
export type ThreadListResponse = {
  data: Array<Thread>,
  /** Read state by thread id; null when none is kept. */
  readStates: { [key in string]?: ThreadReadState } | null,
  nextCursor: string | null,
  backwardsCursor: string | null,
};
