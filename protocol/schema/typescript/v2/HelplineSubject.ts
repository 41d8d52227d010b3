// Generated from the message types of codex-trio. Do not edit.

/** What a helpline is named for. */
export type HelplineSubject = "answer" | "prompt";
