// Generated from the message types of codex-trio. Do not edit.
import type { ConversationTextRole } from "../ConversationTextRole";

/**
 * Say something in writing.
 *
 * Errors: -32600 when no session runs.
 */
export type ThreadRealtimeAppendTextParams = {
  threadId: string,
  text: string,
  role?: ConversationTextRole,
};
