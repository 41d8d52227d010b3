// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { McpServerElicitationAction } from "./McpServerElicitationAction";

/** The user's answer. */
export type McpServerElicitationRequestResponse = {
  action: McpServerElicitationAction,
  /** What was filled in; null unless accepted. */
  content?: JsonValue,
  _meta?: JsonValue,
};
