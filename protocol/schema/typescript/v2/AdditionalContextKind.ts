// Generated from the message types of codex-trio. Do not edit.

/** How far a piece of context is trusted: as the application's word, or as anyone's. */
export type AdditionalContextKind = "untrusted" | "application";
