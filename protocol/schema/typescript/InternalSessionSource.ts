// Generated from the message types of codex-trio. Do not edit.

/** What the server itself started a conversation for. */
export type InternalSessionSource = "memory_consolidation" | "guardian";
