// Generated from the message types of codex-trio. Do not edit.
import type { Turn } from "./Turn";

/** The turn that took the input; its start time is still null. */
export type TurnStartResponse = {
  turn: Turn,
};
