// Generated from the message types of codex-trio. Do not edit.

/** What was chosen or typed for one question. */
export type ToolRequestUserInputAnswer = {
  answers: Array<string>,
};
