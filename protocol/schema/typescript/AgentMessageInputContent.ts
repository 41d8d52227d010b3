// Generated from the message types of codex-trio. Do not edit.

/** Part of a message between agents. */
export type AgentMessageInputContent = {
  "type": "input_text",
  text: string,
} | {
  "type": "encrypted_content",
  encrypted_content: string,
};
