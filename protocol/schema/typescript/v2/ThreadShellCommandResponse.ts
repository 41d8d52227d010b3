// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/shellCommand`: the command is under way. */
export type ThreadShellCommandResponse = Record<string, never>;
