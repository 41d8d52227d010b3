// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSection } from "./ThreadSection";

/** The section as it is now. */
export type ThreadSectionUpdateResponse = {
  section: ThreadSection,
};
