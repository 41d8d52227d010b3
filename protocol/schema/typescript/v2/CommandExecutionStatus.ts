// Generated from the message types of codex-trio. Do not edit.

/** Where a command stands. `failed` is any exit code but 0, `declined` means that it never ran. */
export type CommandExecutionStatus = "inProgress" | "completed" | "failed" | "declined";
