// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** A message without an answer. `emittedAtMs` is in Unix milliseconds; only the server sends it. */
export type JSONRPCNotification = {
  method: string,
  params?: JsonValue,
  emittedAtMs?: number,
};
