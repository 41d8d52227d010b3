// Generated from the message types of codex-trio. Do not edit.

/** How much of its reasoning the model should sum up for the user. */
export type ReasoningSummary = "auto" | "concise" | "detailed" | "none";
