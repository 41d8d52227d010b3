// Generated from the message types of codex-trio. Do not edit.
import type { UserInput } from "./UserInput";

/**
 * Put input at the end of a thread's queue.
 *
 * Errors: -32600 for an unknown thread or empty input.
 */
export type ThreadQueueAddParams = {
  threadId: string,
  input: Array<UserInput>,
  clientUserMessageId: string,
  responsesapiClientMetadata?: { [key in string]?: string } | null,
};
