// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** An item and its turn. Times are Unix milliseconds, null when not recorded. */
export type ThreadItemEntry = {
  turnId: string,
  item: ThreadItem,
  /** True when the output was left out, as asked. */
  outputDeferred?: boolean,
  startedAtMs: number | null,
  completedAtMs: number | null,
};
