// Generated from the message types of codex-trio. Do not edit.

/** How the client makes itself known to the login server. */
export type McpServerOauthClientRegistration = "auto" | "cimd" | "dcr";
