// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** The provider's own account of what a response cost. */
export type ResponseUsageMetadata = {
  amount: string | null,
  metadata: JsonValue,
};
