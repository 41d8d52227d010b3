// Generated from the message types of codex-trio. Do not edit.
import type { ByteRange } from "./ByteRange";

/**
 * A stretch of the text that the client shows in its own way, such as a mention; null placeholder means show the
 * text.
 */
export type TextElement = {
  byteRange: ByteRange,
  placeholder?: string | null,
};
