// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { MergeStrategy } from "./MergeStrategy";

/** One change. A null value removes the key. */
export type ConfigEdit = {
  keyPath: string,
  value: JsonValue,
  mergeStrategy: MergeStrategy,
};
