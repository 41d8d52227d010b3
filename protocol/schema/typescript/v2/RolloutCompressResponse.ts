// Generated from the message types of codex-trio. Do not edit.

/** Compression was asked for; it runs later, or not at all when it ran lately. */
export type RolloutCompressResponse = Record<string, never>;
