// Generated from the message types of codex-trio. Do not edit.
import type { LocalShellAction } from "./LocalShellAction";

export type LocalShellExecAction = Extract<LocalShellAction, { "type": "exec" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type"> : never) : never;
