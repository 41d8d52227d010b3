// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Why a request failed. `data` is left out when there is no more to say. */
export type JSONRPCErrorError = {
  code: number,
  message: string,
  data?: JsonValue,
};
