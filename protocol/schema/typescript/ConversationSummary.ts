// Generated from the message types of codex-trio. Do not edit.
import type { ConversationGitInfo } from "./ConversationGitInfo";
import type { SessionSource } from "./SessionSource";
import type { ThreadId } from "./ThreadId";

/** What a list of conversations shows of one. Times are ISO 8601 in UTC. */
export type ConversationSummary = {
  conversationId: ThreadId,
  path: string,
  preview: string,
  timestamp: string | null,
  updatedAt: string | null,
  modelProvider: string,
  cwd: string,
  cliVersion: string,
  source: SessionSource,
  gitInfo: ConversationGitInfo | null,
};
