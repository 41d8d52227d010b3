// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** What the provider's moderation said about the turn. */
export type TurnModerationMetadataNotification = {
  threadId: string,
  turnId: string,
  metadata: JsonValue,
};
