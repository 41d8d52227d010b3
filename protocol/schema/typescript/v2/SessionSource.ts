// Generated from the message types of codex-trio. Do not edit.
import type { SubAgentSource } from "../SubAgentSource";

/** Where a thread came from. Threads of the app-server say `vscode`. */
export type SessionSource = "cli" | "vscode" | "exec" | "appServer" | "unknown" | { custom: string } | { subAgent: SubAgentSource };
