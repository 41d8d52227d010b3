// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Run a tool that the client brought along at thread start. */
export type DynamicToolCallParams = {
  threadId: string,
  turnId: string,
  callId: string,
  namespace: string | null,
  tool: string,
  arguments: JsonValue,
};
