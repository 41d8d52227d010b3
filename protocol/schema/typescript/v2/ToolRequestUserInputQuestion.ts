// Generated from the message types of codex-trio. Do not edit.
import type { ToolRequestUserInputOption } from "./ToolRequestUserInputOption";

/** A question for the user. Null options leave only free text. */
export type ToolRequestUserInputQuestion = {
  id: string,
  header: string,
  question: string,
  /** Whether an answer beside the options is welcome. */
  isOther: boolean,
  /** Hide what is typed. */
  isSecret: boolean,
  options: Array<ToolRequestUserInputOption> | null,
};
