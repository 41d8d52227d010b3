// Generated from the message types of codex-trio. Do not edit.
import type { HelplineSubject } from "./HelplineSubject";

/** What is shown beside an answer. */
export type AnswerAnnotation = {
  "kind": "wellbeingHelpline",
  subject: HelplineSubject,
};
