// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/**
 * Allow after all what the automatic review refused.
 *
 * Errors: -32600 for an unknown thread or an unreadable event.
 */
export type ThreadApproveGuardianDeniedActionParams = {
  threadId: string,
  /** The review's event, as it was received. */
  event: JsonValue,
};
