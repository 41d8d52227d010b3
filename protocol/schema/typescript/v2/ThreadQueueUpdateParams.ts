// Generated from the message types of codex-trio. Do not edit.
import type { UserInput } from "./UserInput";

/**
 * Replace waiting input. Null or empty metadata keeps what is there.
 *
 * Errors: -32600 when it does not wait any more.
 */
export type ThreadQueueUpdateParams = {
  threadId: string,
  queuedSubmissionId: string,
  input: Array<UserInput>,
  responsesapiClientMetadata?: { [key in string]?: string } | null,
};
