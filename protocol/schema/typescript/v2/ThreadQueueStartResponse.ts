// Generated from the message types of codex-trio. Do not edit.
import type { Turn } from "./Turn";

/** The turn that began. */
export type ThreadQueueStartResponse = {
  turn: Turn,
};
