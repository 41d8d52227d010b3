// Generated from the message types of codex-trio. Do not edit.

/** Whether the model may delegate to sub-agents by itself. No longer has an effect. */
export type MultiAgentMode = "explicitRequestOnly" | "proactive" | {
  custom: string,
};
