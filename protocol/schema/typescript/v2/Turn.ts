// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./ThreadItem";
import type { TurnError } from "./TurnError";
import type { TurnItemsView } from "./TurnItemsView";
import type { TurnStatus } from "./TurnStatus";

/** One exchange: what the user asked and all that came of it. Times are Unix seconds, null until they are known. */
export type Turn = {
  id: string,
  /** First turn of the chain that led here; null when unknown. */
  rootTurnId: string | null,
  /** As many as `itemsView` says. */
  items: Array<ThreadItem>,
  itemsView: TurnItemsView,
  status: TurnStatus,
  /** Set when the status is `failed`. */
  error: TurnError | null,
  startedAt: number | null,
  completedAt: number | null,
  /** From start to completion, in milliseconds. */
  durationMs: number | null,
};
