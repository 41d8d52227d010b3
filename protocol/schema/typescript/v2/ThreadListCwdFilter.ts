// Generated from the message types of codex-trio. Do not edit.

/** One folder or several, compared exactly. */
export type ThreadListCwdFilter = string | Array<string>;
