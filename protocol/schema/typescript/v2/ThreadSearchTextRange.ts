// Generated from the message types of codex-trio. Do not edit.

/** A stretch of text in UTF-16 code units, the end excluded. */
export type ThreadSearchTextRange = {
  start: number,
  end: number,
};
