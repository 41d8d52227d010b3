// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** An item of the voice model, as it sent it. */
export type ThreadRealtimeItemAddedNotification = {
  threadId: string,
  item: JsonValue,
};
