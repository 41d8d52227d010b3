// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Bytes in base64. */
export type BlobResourceContent = {
  _meta: JsonValue,
  blob: string,
  mimeType: string | null,
  uri: string,
};
