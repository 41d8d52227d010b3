// Generated from the message types of codex-trio. Do not edit.

/** Region in which data must stay. */
export type ResidencyRequirement = "us";
