// Generated from the message types of codex-trio. Do not edit.

/** Whose words a text is. */
export type ConversationTextRole = "user" | "developer" | "assistant";
