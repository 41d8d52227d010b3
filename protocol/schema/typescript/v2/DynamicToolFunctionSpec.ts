// Generated from the message types of codex-trio. Do not edit.
import type { DynamicToolSpec } from "./DynamicToolSpec";

export type DynamicToolFunctionSpec = Omit<Extract<DynamicToolSpec, { "type": "function" }>, "type">;
