// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSectionAppearance } from "./ThreadSectionAppearance";

/**
 * Rename a section. Its appearance is kept when absent and cleared by null.
 *
 * Errors: -32600 for an unknown section or a blank name.
 */
export type ThreadSectionUpdateParams = {
  sectionId: string,
  name: string,
  appearance?: ThreadSectionAppearance | null,
};
