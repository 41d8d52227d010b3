// Generated from the message types of codex-trio. Do not edit.
import type { ThreadBackgroundTerminal } from "./ThreadBackgroundTerminal";

/** A page of running commands; a null cursor marks the last one. */
export type ThreadBackgroundTerminalsListResponse = {
  data: Array<ThreadBackgroundTerminal>,
  nextCursor: string | null,
};
