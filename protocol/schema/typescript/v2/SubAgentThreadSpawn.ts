// Generated from the message types of codex-trio. Do not edit.
import type { AgentPath } from "../AgentPath";
import type { ThreadId } from "../ThreadId";

/** A thread that another thread's agent started; a child of the root has depth 1. */
export type SubAgentThreadSpawn = {
  agent_nickname: string | null,
  agent_path: AgentPath | null,
  agent_role: string | null,
  depth: number,
  parent_thread_id: ThreadId,
};
