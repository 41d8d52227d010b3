// Generated from the message types of codex-trio. Do not edit.

/** A place in a text, both numbers from 1; columns count characters. */
export type TextPosition = {
  line: number,
  column: number,
};
