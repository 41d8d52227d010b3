// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fuzzyFileSearch/sessionStart`: it is done. */
export type FuzzyFileSearchSessionStartResponse = Record<string, never>;
