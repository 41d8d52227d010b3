// Generated from the message types of codex-trio. Do not edit.

/** Whether a Unix socket may be reached; `none` is the name of `deny` in releases up to 0.131.0. */
export type NetworkUnixSocketPermission = "allow" | "deny" | "none";
