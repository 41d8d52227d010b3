// Generated from the message types of codex-trio. Do not edit.

/** Whether the turn was still there to be changed. */
export type TurnSettingsUpdateStatus = "applied" | "targetUnavailable";
