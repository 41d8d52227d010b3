// Generated from the message types of codex-trio. Do not edit.

/** The time in Unix seconds. */
export type CurrentTimeReadResponse = {
  currentTimeAt: number,
};
