// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** Content of a resource, passed through. */
export type ResourceContent = {
  _meta?: JsonValue,
  mimeType?: string | null,
  text: string,
  uri: string,
} | {
  _meta?: JsonValue,
  blob: string,
  mimeType?: string | null,
  uri: string,
};
