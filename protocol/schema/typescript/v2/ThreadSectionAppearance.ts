// Generated from the message types of codex-trio. Do not edit.

/** How a section looks. Null leaves it to the client. */
export type ThreadSectionAppearance = {
  icon?: string | null,
  color?: string | null,
};
