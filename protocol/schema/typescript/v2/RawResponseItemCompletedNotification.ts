// Generated from the message types of codex-trio. Do not edit.
import type { ResponseItem } from "../ResponseItem";

/** An item of the model's history, for hosts that asked for raw events. */
export type RawResponseItemCompletedNotification = {
  threadId: string,
  turnId: string,
  item: ResponseItem,
};
