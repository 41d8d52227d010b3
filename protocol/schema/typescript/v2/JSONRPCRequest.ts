// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { RequestId } from "../RequestId";
import type { W3cTraceContext } from "./W3cTraceContext";

/** A call that wants an answer. `params` is left out when the method takes none. */
export type JSONRPCRequest = {
  id: RequestId,
  method: string,
  params?: JsonValue,
  trace?: W3cTraceContext | null,
};
