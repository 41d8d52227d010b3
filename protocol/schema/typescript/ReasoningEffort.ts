// Generated from the message types of codex-trio. Do not edit.

/**
 * How hard the model should think: `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, or another word of its
 * catalogue entry. Never empty.
 */
export type ReasoningEffort = string;
