// Generated from the message types of codex-trio. Do not edit.
import type { McpServerStartupFailureReason } from "./McpServerStartupFailureReason";
import type { McpServerStartupState } from "./McpServerStartupState";

/** A server's start has come further. The thread is null for servers of no thread. */
export type McpServerStatusUpdatedNotification = {
  threadId: string | null,
  name: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  status: McpServerStartupState,
  error: string | null,
  failureReason: McpServerStartupFailureReason | null,
};
