// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { McpElicitationSchema } from "./McpElicitationSchema";

/** Ask the user something for an MCP server. Also how calls of MCP tools are approved. */
export type McpServerElicitationRequestParams = {
  "mode": "openai/userVerification",
  threadId: string,
  turnId: string | null,
  serverName: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  _meta: JsonValue,
  title: string,
  description: string,
  challenge: string,
} | {
  "mode": "form",
  threadId: string,
  turnId: string | null,
  serverName: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  _meta: JsonValue,
  message: string,
  requestedSchema: McpElicitationSchema,
} | {
  "mode": "openai/form",
  threadId: string,
  turnId: string | null,
  serverName: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  _meta: JsonValue,
  message: string,
  requestedSchema: JsonValue,
} | {
  "mode": "openaiForm",
  threadId: string,
  turnId: string | null,
  serverName: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  _meta: JsonValue,
  message: string,
  requestedSchema: JsonValue,
} | {
  "mode": "url",
  threadId: string,
  turnId: string | null,
  serverName: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  _meta: JsonValue,
  message: string,
  url: string,
  elicitationId: string,
};
