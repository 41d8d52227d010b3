// Generated from the message types of codex-trio. Do not edit.

/** How a message reached the user when it is not the turn's answer. */
export type AgentMessageDelivery = "async";
