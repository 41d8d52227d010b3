// Generated from the message types of codex-trio. Do not edit.
import type { AgentPath } from "./AgentPath";
import type { ThreadId } from "./ThreadId";

/** What a sub-agent was started for. */
export type SubAgentSource = "review" | "compact" | "memory_consolidation" | { thread_spawn: {
  agent_nickname: string | null,
  agent_path: AgentPath | null,
  agent_role: string | null,
  depth: number,
  parent_thread_id: ThreadId,
} } | { other: string };
