// Generated from the message types of codex-trio. Do not edit.

/** How long the model's answers should be. */
export type Verbosity = "low" | "medium" | "high";
