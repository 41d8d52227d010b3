// Generated from the message types of codex-trio. Do not edit.

/** Who ran a command: the model, the user, or the model in a terminal that stays open. */
export type CommandExecutionSource = "agent" | "userShell" | "unifiedExecStartup" | "unifiedExecInteraction";
