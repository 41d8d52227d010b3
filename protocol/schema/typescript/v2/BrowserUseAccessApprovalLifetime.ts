// Generated from the message types of codex-trio. Do not edit.

/** How long an approval lasts. */
export type BrowserUseAccessApprovalLifetime = "turn" | "thread";
