// Generated from the message types of codex-trio. Do not edit.

/** What a hook's words are for. */
export type HookOutputEntryKind = "warning" | "stop" | "feedback" | "context" | "error";
