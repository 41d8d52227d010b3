// Generated from the message types of codex-trio. Do not edit.
import type { DynamicToolSpec } from "./DynamicToolSpec";

export type DynamicToolNamespaceSpec = Extract<DynamicToolSpec, { "type": "namespace" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type"> : never) : never;
