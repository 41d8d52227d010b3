// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** A member of a namespace of tools. */
export type DynamicToolNamespaceTool = {
  "type": "function",
  name: string,
  description: string,
  /** JSON Schema of the arguments. */
  inputSchema: JsonValue,
  /** The model sees the tool only after searching for it. */
  deferLoading?: boolean,
};
