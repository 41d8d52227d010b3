// Generated from the message types of codex-trio. Do not edit.

/** A path from the root of a file system, as the server reports it. */
export type AbsolutePathBuf = string;
