// Generated from the message types of codex-trio. Do not edit.

/** Why a server did not start. */
export type McpServerStartupFailureReason = "reauthenticationRequired";
