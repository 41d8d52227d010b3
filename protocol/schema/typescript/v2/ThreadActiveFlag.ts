// Generated from the message types of codex-trio. Do not edit.

/** What a running turn waits for. */
export type ThreadActiveFlag = "waitingOnApproval" | "waitingOnUserInput";
