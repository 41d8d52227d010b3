// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** A pattern of resources. Keys without a value are left out. */
export type ResourceTemplate = {
  annotations?: JsonValue,
  uriTemplate: string,
  name: string,
  title?: string | null,
  description?: string | null,
  mimeType?: string | null,
};
