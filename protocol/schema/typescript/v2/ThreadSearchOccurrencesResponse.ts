// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSearchOccurrence } from "./ThreadSearchOccurrence";

/** A page of places; a null cursor marks the last one. */
export type ThreadSearchOccurrencesResponse = {
  data: Array<ThreadSearchOccurrence>,
  nextCursor: string | null,
};
