// Generated from the message types of codex-trio. Do not edit.

/** Oldest or newest first. */
export type RemoteControlClientsListOrder = "asc" | "desc";
