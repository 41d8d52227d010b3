// Generated from the message types of codex-trio. Do not edit.

/** How many threads memory covers, and whether that is enough. */
export type MemoryStatusResponse = {
  v2ConsolidatedThreads: number,
  v2Ready: boolean,
};
