// Generated from the message types of codex-trio. Do not edit.

/** What is shown in place of an answer. */
export type AnswerReplacement = {
  "kind": "wellbeingPromptHelpline",
};
