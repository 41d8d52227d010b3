// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { MergeStrategy } from "./MergeStrategy";

/** Make one change. Errors as for `config/batchWrite`. */
export type ConfigValueWriteParams = {
  keyPath: string,
  value: JsonValue,
  mergeStrategy: MergeStrategy,
  /** Null is the user's file. */
  filePath?: string | null,
  /** Refuse when the file has changed since; null does not check. */
  expectedVersion?: string | null,
};
