// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fuzzyFileSearch/sessionUpdate`: it is done. */
export type FuzzyFileSearchSessionUpdateResponse = Record<string, never>;
