// Generated from the message types of codex-trio. Do not edit.
import type { HooksListEntry } from "./HooksListEntry";

/** Hooks by folder, in the order of the question. */
export type HooksListResponse = {
  data: Array<HooksListEntry>,
};
