// Generated from the message types of codex-trio. Do not edit.
import type { Turn } from "./Turn";

/** The turn, and the thread in which it runs. */
export type ReviewStartResponse = {
  turn: Turn,
  reviewThreadId: string,
};
