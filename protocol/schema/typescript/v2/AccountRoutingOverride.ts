// Generated from the message types of codex-trio. Do not edit.

/** Region to which an account's traffic is bound. */
export type AccountRoutingOverride = "NO_CONSTRAINT" | "us" | "us_cr";
