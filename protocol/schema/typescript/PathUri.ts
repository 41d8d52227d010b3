// Generated from the message types of codex-trio. Do not edit.

/** A path as a `file:` URI. */
export type PathUri = string;
