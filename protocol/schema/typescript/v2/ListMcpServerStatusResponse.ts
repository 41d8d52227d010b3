// Generated from the message types of codex-trio. Do not edit.
import type { McpServerStatus } from "./McpServerStatus";

/** A page of servers; a null cursor marks the last one. */
export type ListMcpServerStatusResponse = {
  data: Array<McpServerStatus>,
  nextCursor: string | null,
};
