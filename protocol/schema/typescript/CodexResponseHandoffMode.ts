// Generated from the message types of codex-trio. Do not edit.

/** How the agent's answers reach the voice model. */
export type CodexResponseHandoffMode = "thinking" | "commentary" | "bemTags";
