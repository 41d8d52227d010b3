// Generated from the message types of codex-trio. Do not edit.
import type { InternalSessionSource } from "./InternalSessionSource";
import type { SubAgentSource } from "./SubAgentSource";

/** Where a conversation came from, as rollout files say it. */
export type SessionSource = "cli" | "vscode" | "exec" | "mcp" | "unknown" | { custom: string } | { internal: InternalSessionSource } | { subagent: SubAgentSource };
