// Generated from the message types of codex-trio. Do not edit.

/** An environment of a thread was reached, or lost. */
export type EnvironmentConnectionNotification = {
  threadId: string,
  environmentId: string,
};
