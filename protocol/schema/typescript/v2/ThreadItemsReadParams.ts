// Generated from the message types of codex-trio. Do not edit.

/**
 * Read 1 to 100 items of a turn by id.
 *
 * Errors: -32600 for an unknown thread, turn or number of ids.
 */
export type ThreadItemsReadParams = {
  threadId: string,
  turnId: string,
  itemIds: Array<string>,
};
