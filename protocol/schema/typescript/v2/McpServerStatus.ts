// Generated from the message types of codex-trio. Do not edit.
import type { McpServerInfo } from "../McpServerInfo";
import type { Resource } from "../Resource";
import type { ResourceTemplate } from "../ResourceTemplate";
import type { Tool } from "../Tool";
import type { JsonValue } from "../serde_json/JsonValue";
import type { McpAuthStatus } from "./McpAuthStatus";
import type { McpServerConnectionStatus } from "./McpServerConnectionStatus";

/** An MCP server and all that it offers. Null where not known, or not asked for. */
export type McpServerStatus = {
  name: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  runtimeStatus: McpServerConnectionStatus | null,
  pluginId: string | null,
  httpOrigin: string | null,
  serverInfo: McpServerInfo | null,
  serverCapabilities: JsonValue,
  toolListMeta: JsonValue,
  tools: { [key in string]?: Tool },
  toolsError: string | null,
  resources: Array<Resource>,
  resourceTemplates: Array<ResourceTemplate>,
  authStatus: McpAuthStatus,
};
