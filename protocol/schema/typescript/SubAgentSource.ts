// Generated from the message types of codex-trio. Do not edit.
import type { SubAgentSourceObject } from "./v2/SubAgentSourceObject";

/** What a sub-agent was started for. */
export type SubAgentSource = "review" | "compact" | "memory_consolidation" | SubAgentSourceObject;
