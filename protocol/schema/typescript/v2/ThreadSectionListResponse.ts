// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSection } from "./ThreadSection";

/** A page of sections; a null cursor marks the last one. */
export type ThreadSectionListResponse = {
  data: Array<ThreadSection>,
  nextCursor: string | null,
};
