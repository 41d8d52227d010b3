// Generated from the message types of codex-trio. Do not edit.
import type { MemoryCitationEntry } from "./MemoryCitationEntry";

/** Memories that an answer rests on, and the threads that they came from. */
export type MemoryCitation = {
  entries: Array<MemoryCitationEntry>,
  threadIds: Array<string>,
};
