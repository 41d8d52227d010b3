// Generated from the message types of codex-trio. Do not edit.

/** Whether a mail went out. */
export type AddCreditsNudgeEmailStatus = "sent" | "cooldown_active";
