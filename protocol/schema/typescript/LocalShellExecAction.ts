// Generated from the message types of codex-trio. Do not edit.
import type { LocalShellAction } from "./LocalShellAction";

export type LocalShellExecAction = Omit<Extract<LocalShellAction, { "type": "exec" }>, "type">;
