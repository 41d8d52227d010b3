// Generated from the message types of codex-trio. Do not edit.

/** What a hook does. */
export type HookHandlerType = "command" | "mcpTool" | "prompt" | "agent";
