// Generated from the message types of codex-trio. Do not edit.

/** A choice and the words for it. */
export type McpElicitationConstOption = {
  const: string,
  title: string,
};
