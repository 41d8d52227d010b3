// Generated from the message types of codex-trio. Do not edit.

/** Delegation as the given hint describes it. */
export type CustomMultiAgentMode = {
  custom: string,
};
