// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItemEntry } from "./ThreadItemEntry";

/** The items that exist, in the order in which they are stored. */
export type ThreadItemsReadResponse = {
  data: Array<ThreadItemEntry>,
};
