// Generated from the message types of codex-trio. Do not edit.

/** What a client tells the server. */
export type ClientNotification =
  | { "method": "initialized" };
