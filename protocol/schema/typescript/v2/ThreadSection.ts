// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSectionAppearance } from "./ThreadSectionAppearance";

/** A named group of threads. */
export type ThreadSection = {
  id: string,
  name: string,
  appearance: ThreadSectionAppearance | null,
};
