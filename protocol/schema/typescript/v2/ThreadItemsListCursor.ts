// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItemsListAnchor } from "./ThreadItemsListAnchor";

/** Where a page of items starts. */
export type ThreadItemsListCursor = string | ThreadItemsListAnchor;
