// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/**
 * Add items to what the model remembers, without a turn.
 *
 * Errors: -32600 for an empty list, an item that is no object, or a thread that is not loaded.
 */
export type ThreadInjectItemsParams = {
  threadId: string,
  items: Array<JsonValue>,
};
