// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { DynamicToolNamespaceTool } from "./DynamicToolNamespaceTool";

/** A tool that the client runs. One without a `type`, as older clients send it, is a function. */
export type DynamicToolSpec = {
  "type": "function",
  name: string,
  description: string,
  /** JSON Schema of the arguments. */
  inputSchema: JsonValue,
  /** The model sees the tool only after searching for it. */
  deferLoading?: boolean,
  /** The group that the tool belongs to. */
  namespace?: string | null,
} | {
  "type": "namespace",
  name: string,
  description: string,
  tools: Array<DynamicToolNamespaceTool>,
};
