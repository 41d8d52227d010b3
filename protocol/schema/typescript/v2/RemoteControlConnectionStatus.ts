// Generated from the message types of codex-trio. Do not edit.

/** How the connection stands. */
export type RemoteControlConnectionStatus = "disabled" | "connecting" | "connected" | "errored";
