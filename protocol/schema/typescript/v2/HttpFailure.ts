// Generated from the message types of codex-trio. Do not edit.

/** Status of the reply that failed; null when there was none. */
export type HttpFailure = {
  httpStatusCode: number | null,
};
