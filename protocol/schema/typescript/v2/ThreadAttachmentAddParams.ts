// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/**
 * Attach something to a thread. Type and key together name it; attaching twice is no error.
 *
 * Errors: -32600 for an unknown thread.
 */
export type ThreadAttachmentAddParams = {
  threadId: string,
  attachmentType: string,
  identityKey: string,
  payload: JsonValue,
};
