// Generated from the message types of codex-trio. Do not edit.

/** Questions still open, and whether timers stand still. */
export type ThreadDecrementElicitationResponse = {
  count: number,
  paused: boolean,
};
