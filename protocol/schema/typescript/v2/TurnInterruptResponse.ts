// Generated from the message types of codex-trio. Do not edit.

/** Answer to `turn/interrupt`: the turn has stopped. */
export type TurnInterruptResponse = Record<string, never>;
