// Generated from the message types of codex-trio. Do not edit.
import type { UserInput } from "./UserInput";

/** Input that waits for its turn. */
export type QueuedSubmission = {
  id: string,
  input: Array<UserInput>,
  clientUserMessageId: string,
  responsesapiClientMetadata: { [key in string]?: string } | null,
};
