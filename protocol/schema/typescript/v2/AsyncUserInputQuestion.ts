// Generated from the message types of codex-trio. Do not edit.

/** A question within a message, which may be answered later. Null options leave free text. */
export type AsyncUserInputQuestion = {
  title: string,
  options: Array<string> | null,
};
