// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSectionAppearance } from "./ThreadSectionAppearance";

/**
 * Make a section.
 *
 * Errors: -32600 for a blank name.
 */
export type ThreadSectionCreateParams = {
  name: string,
  appearance?: ThreadSectionAppearance | null,
};
