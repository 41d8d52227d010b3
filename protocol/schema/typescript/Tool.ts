// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** A tool of an MCP server, as it describes it. Keys without a value are left out. */
export type Tool = {
  name: string,
  title?: string | null,
  description?: string | null,
  inputSchema: JsonValue,
  outputSchema?: JsonValue,
  annotations?: JsonValue,
  icons?: Array<JsonValue> | null,
  _meta?: JsonValue,
};
