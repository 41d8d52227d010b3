// Generated from the message types of codex-trio. Do not edit.

/**
 * Put a thread into a section, before another one or at the end; null takes it out.
 *
 * Errors: -32600 for an unknown thread or section.
 */
export type ThreadSectionMoveParams = {
  threadId: string,
  sectionId: string | null,
  beforeThreadId?: string | null,
};
