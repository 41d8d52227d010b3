// Generated from the message types of codex-trio. Do not edit.
import type { ConversationTextRole } from "../ConversationTextRole";

/** Words that a session begins with. */
export type ThreadRealtimeInitialItem = {
  role: ConversationTextRole,
  text: string,
};
