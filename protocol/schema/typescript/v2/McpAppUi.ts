// Generated from the message types of codex-trio. Do not edit.
import type { McpAppDisplayMode } from "./McpAppDisplayMode";

/** The user interface that a tool brings along. */
export type McpAppUi = {
  resourceUri: string,
  preferredModelDisplayMode: McpAppDisplayMode,
};
