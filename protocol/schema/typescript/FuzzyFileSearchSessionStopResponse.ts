// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fuzzyFileSearch/sessionStop`: it is done. */
export type FuzzyFileSearchSessionStopResponse = Record<string, never>;
