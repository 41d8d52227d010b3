// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** A resource of an MCP server, as it describes it. Keys without a value are left out. */
export type Resource = {
  annotations?: JsonValue,
  description?: string | null,
  mimeType?: string | null,
  name: string,
  size?: number | null,
  title?: string | null,
  uri: string,
  icons?: Array<JsonValue> | null,
  _meta?: JsonValue,
};
