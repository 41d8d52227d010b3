// Generated from the message types of codex-trio. Do not edit.

/** Questions now open, and whether timers stand still. */
export type ThreadIncrementElicitationResponse = {
  count: number,
  paused: boolean,
};
