// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Something that belongs to a thread. The time is Unix seconds. */
export type ThreadAttachment = {
  id: string,
  attachmentType: string,
  identityKey: string,
  payload: JsonValue,
  createdAt: number,
};
