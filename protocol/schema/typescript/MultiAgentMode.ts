// Generated from the message types of codex-trio. Do not edit.
import type { CustomMultiAgentMode } from "./v2/CustomMultiAgentMode";

/** Whether the model may delegate to sub-agents by itself. No longer has an effect. */
export type MultiAgentMode = "explicitRequestOnly" | "proactive" | CustomMultiAgentMode;
