// Generated from the message types of codex-trio. Do not edit.

/** Words to show when a model is new. */
export type ModelAvailabilityNux = {
  message: string,
};
