// Generated from the message types of codex-trio. Do not edit.

/** An answer to choose. */
export type ToolRequestUserInputOption = {
  label: string,
  description: string,
};
