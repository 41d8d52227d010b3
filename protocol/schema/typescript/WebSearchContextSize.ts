// Generated from the message types of codex-trio. Do not edit.

/** How much a search hands to the model. */
export type WebSearchContextSize = "low" | "medium" | "high";
