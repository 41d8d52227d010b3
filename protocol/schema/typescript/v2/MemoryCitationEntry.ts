// Generated from the message types of codex-trio. Do not edit.

/** Lines of a memory file, counted from 1, both ends included. */
export type MemoryCitationEntry = {
  path: string,
  lineStart: number,
  lineEnd: number,
  note: string,
};
