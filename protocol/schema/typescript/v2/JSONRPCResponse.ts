// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { RequestId } from "../RequestId";

/** The result of the request with this id. */
export type JSONRPCResponse = {
  id: RequestId,
  result: JsonValue,
};
