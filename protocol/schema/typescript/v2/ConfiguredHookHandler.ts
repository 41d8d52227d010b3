// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** What a hook does. */
export type ConfiguredHookHandler = {
  "type": "command",
  command: string,
  commandWindows: string | null,
  /** In seconds. */
  timeoutSec: number | null,
  async: boolean,
  statusMessage: string | null,
  additionalContextLimit: number | null,
} | {
  "type": "mcp_tool",
  server: string,
  tool: string,
  input: { [key in string]?: JsonValue },
  /** In seconds. */
  timeoutSec: number | null,
  statusMessage: string | null,
} | {
  "type": "prompt",
} | {
  "type": "agent",
};
