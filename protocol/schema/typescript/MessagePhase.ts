// Generated from the message types of codex-trio. Do not edit.

/** What a piece of assistant text is for. Providers often leave it out: null says nothing. */
export type MessagePhase = "commentary" | "partial_answer" | "final_answer";
