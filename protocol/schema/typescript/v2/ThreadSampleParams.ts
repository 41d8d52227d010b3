// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ThreadSource } from "./ThreadSource";

/**
 * Ask the model one thing with a thread's history, leaving the thread as it is.
 *
 * Errors: -32600 when the thread is not loaded or the turn is not its latest finished one.
 */
export type ThreadSampleParams = {
  threadId: string,
  expectedTurnId: string,
  allowInProgressTurn?: boolean,
  prompt: string,
  effort?: ReasoningEffort | null,
  threadSource?: ThreadSource | null,
  turnTrigger?: string | null,
  responsesapiClientMetadata?: { [key in string]?: string } | null,
  disableMcp?: boolean,
  /** Whether cancelling also stops the provider; null is the thread's setting. */
  interruptOnCancel?: boolean | null,
};
