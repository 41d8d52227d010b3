// Generated from the message types of codex-trio. Do not edit.

/** Echoed with the type that the sender chose. */
export type RequestId = number | string;
