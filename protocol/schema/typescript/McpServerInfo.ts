// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** What a server says about itself. */
export type McpServerInfo = {
  name: string,
  title: string | null,
  version: string,
  description: string | null,
  icons: Array<JsonValue> | null,
  websiteUrl: string | null,
};
