// Generated from the message types of codex-trio. Do not edit.

/**
 * Remove a section; its threads stay.
 *
 * Errors: -32600 for an unknown section.
 */
export type ThreadSectionDeleteParams = {
  sectionId: string,
};
