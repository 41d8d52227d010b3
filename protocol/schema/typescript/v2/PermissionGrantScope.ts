// Generated from the message types of codex-trio. Do not edit.

/** How long a grant lasts. */
export type PermissionGrantScope = "turn" | "session";
