// Generated from the message types of codex-trio. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { TurnItemsView } from "./TurnItemsView";

/** Which turns to send along. Null settings are those of `thread/turns/list`. */
export type ThreadResumeInitialTurnsPageParams = {
  limit?: number | null,
  sortDirection?: SortDirection | null,
  itemsView?: TurnItemsView | null,
};
