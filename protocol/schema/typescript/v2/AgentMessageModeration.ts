// Generated from the message types of codex-trio. Do not edit.
import type { AgentMessageDisplay } from "./AgentMessageDisplay";

/** What moderation decided about a message. */
export type AgentMessageModeration = {
  moderated: boolean,
  display: AgentMessageDisplay | null,
};
