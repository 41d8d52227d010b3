// Generated from the message types of codex-trio. Do not edit.
import type { TextPosition } from "./TextPosition";

/** A stretch of text. */
export type TextRange = {
  start: TextPosition,
  end: TextPosition,
};
