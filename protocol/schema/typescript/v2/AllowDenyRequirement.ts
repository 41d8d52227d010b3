// Generated from the message types of codex-trio. Do not edit.

/** Yes or no. */
export type AllowDenyRequirement = "allow" | "deny";
