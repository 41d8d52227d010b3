// Generated from the message types of codex-trio. Do not edit.

/** Where a review runs: in the thread itself, or in a fork of it. */
export type ReviewDelivery = "inline" | "detached";
