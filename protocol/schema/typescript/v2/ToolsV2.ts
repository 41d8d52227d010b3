// Generated from the message types of codex-trio. Do not edit.
import type { WebSearchToolConfig } from "../WebSearchToolConfig";

/** Settings of tools. */
export type ToolsV2 = {
  web_search?: WebSearchToolConfig | null,
};
