// Generated from the message types of codex-trio. Do not edit.
import type { ToolRequestUserInputQuestion } from "./ToolRequestUserInputQuestion";

/** Ask the user some questions for the model. */
export type ToolRequestUserInputParams = {
  threadId: string,
  turnId: string,
  itemId: string,
  questions: Array<ToolRequestUserInputQuestion>,
  /** The turn waits for the answer. */
  isBlocking: boolean,
  /** After this time the client may go on by itself; null for no limit. Older form of `isBlocking`. */
  autoResolutionMs: number | null,
};
