// Generated from the message types of codex-trio. Do not edit.

/** Ask how far memory has got. Null counts 20 threads as enough. */
export type MemoryStatusParams = {
  minConsolidatedThreads?: number | null,
};
