// Generated from the message types of codex-trio. Do not edit.

/** A stretch of UTF-8 bytes, the end excluded. */
export type ByteRange = {
  start: number,
  end: number,
};
