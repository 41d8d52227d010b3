// Generated from the message types of codex-trio. Do not edit.

/** What is asked for: a command, input for a running one, or a command that a person must see. */
export type CommandExecutionApprovalKind = "command" | "writeStdin" | "humanCommand";
