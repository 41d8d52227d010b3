// Generated from the message types of codex-trio. Do not edit.

/** Which tool would run the command. */
export type GuardianCommandSource = "shell" | "unifiedExec";
