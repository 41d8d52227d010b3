// Generated from the message types of codex-trio. Do not edit.

/** Answer to `mcpServer/event/stream/start`: events follow as notifications. */
export type McpServerEventStreamStartResponse = Record<string, never>;
