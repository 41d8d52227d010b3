// Generated from the message types of codex-trio. Do not edit.
import type { CollabAgentStatus } from "./CollabAgentStatus";

/** A sub-agent's state with its last words, null when there are none. */
export type CollabAgentState = {
  status: CollabAgentStatus,
  message: string | null,
};
