// Generated from the message types of codex-trio. Do not edit.

/** A header to send. */
export type RequestHeader = {
  name: string,
  value: string,
};
