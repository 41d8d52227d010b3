// Generated from the message types of codex-trio. Do not edit.
import type { DynamicToolSpec } from "./DynamicToolSpec";

export type DynamicToolFunctionSpec = Extract<DynamicToolSpec, { "type": "function" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type"> : never) : never;
