// Generated from the message types of codex-trio. Do not edit.

/** The turn that took the input. */
export type TurnSteerResponse = {
  turnId: string,
};
