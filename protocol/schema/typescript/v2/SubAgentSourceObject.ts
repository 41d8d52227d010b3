// Generated from the message types of codex-trio. Do not edit.
import type { SubAgentThreadSpawn } from "./SubAgentThreadSpawn";

/** The sub-agents that carry more than a word. */
export type SubAgentSourceObject = { thread_spawn: SubAgentThreadSpawn } | { other: string };
