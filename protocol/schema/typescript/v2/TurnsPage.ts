// Generated from the message types of codex-trio. Do not edit.
import type { Turn } from "./Turn";

/** A page of turns. Null cursors mark an end. */
export type TurnsPage = {
  data: Array<Turn>,
  nextCursor: string | null,
  backwardsCursor: string | null,
};
