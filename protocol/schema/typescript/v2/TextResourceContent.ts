// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Text. */
export type TextResourceContent = {
  _meta: JsonValue,
  mimeType: string | null,
  text: string,
  uri: string,
};
