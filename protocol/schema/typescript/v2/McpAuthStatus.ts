// Generated from the message types of codex-trio. Do not edit.

/** How a server's login stands. */
export type McpAuthStatus = "unknown" | "unsupported" | "notLoggedIn" | "bearerToken" | "oAuth";
