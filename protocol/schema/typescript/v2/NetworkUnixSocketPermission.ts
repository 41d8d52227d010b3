// Generated from the message types of codex-trio. Do not edit.

/** Whether a Unix socket may be reached; `none` is the older name of `deny`. */
export type NetworkUnixSocketPermission = "allow" | "deny" | "none";
