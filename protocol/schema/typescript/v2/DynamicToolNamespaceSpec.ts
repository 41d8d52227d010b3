// Generated from the message types of codex-trio. Do not edit.
import type { DynamicToolSpec } from "./DynamicToolSpec";

export type DynamicToolNamespaceSpec = Omit<Extract<DynamicToolSpec, { "type": "namespace" }>, "type">;
