// Generated from the message types of codex-trio. Do not edit.

/** Ask what time it is for the user of a thread. */
export type CurrentTimeReadParams = {
  threadId: string,
};
