// Generated from the message types of codex-trio. Do not edit.

/** Answer to `mcpServer/event/stream/stop`: it is done. */
export type McpServerEventStreamStopResponse = Record<string, never>;
