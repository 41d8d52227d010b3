// Generated from the message types of codex-trio. Do not edit.
import type { ToolRequestUserInputAnswer } from "./ToolRequestUserInputAnswer";

/** Answers by question id; none at all means that the user did not answer. */
export type ToolRequestUserInputResponse = {
  answers: { [key in string]?: ToolRequestUserInputAnswer },
};
