// Generated from the message types of codex-trio. Do not edit.

/** A place to start from other than a cursor. */
export type ThreadItemsListAnchor = {
  "type": "item",
  itemId: string,
};
