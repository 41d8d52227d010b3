// Generated from the message types of codex-trio. Do not edit.
import type { AdditionalContextEntry } from "./AdditionalContextEntry";
import type { UserInput } from "./UserInput";

/**
 * Add input to the running turn; the model sees it at its next step.
 *
 * Errors: -32600 when no turn runs, another one does, the input is empty, or the turn is a review or compaction (with
 * `data`); -32602 for too much text.
 */
export type TurnSteerParams = {
  threadId: string,
  clientUserMessageId?: string | null,
  input: Array<UserInput>,
  responsesapiClientMetadata?: { [key in string]?: string } | null,
  responsesapiClientMetadataPatch?: { [key in string]?: string } | null,
  additionalContext?: { [key in string]?: AdditionalContextEntry } | null,
  expectedTurnId: string,
};
