// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSection } from "./ThreadSection";

/** The new section. */
export type ThreadSectionCreateResponse = {
  section: ThreadSection,
};
