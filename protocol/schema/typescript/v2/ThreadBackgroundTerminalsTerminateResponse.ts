// Generated from the message types of codex-trio. Do not edit.

/** Whether there was something to end. */
export type ThreadBackgroundTerminalsTerminateResponse = {
  terminated: boolean,
};
