// Generated from the message types of codex-trio. Do not edit.

/** A path as it was given; absolute in nearly all cases, not normalised. */
export type LegacyAppPathString = string;
