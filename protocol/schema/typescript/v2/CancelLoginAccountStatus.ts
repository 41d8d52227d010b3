// Generated from the message types of codex-trio. Do not edit.

/** Whether there was a login to give up. */
export type CancelLoginAccountStatus = "canceled" | "notFound";
