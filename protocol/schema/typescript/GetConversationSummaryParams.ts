// Generated from the message types of codex-trio. Do not edit.
import type { ThreadId } from "./ThreadId";

/** Name a stored conversation by its rollout file or by its id. Errors: -32600 when there is none. */
export type GetConversationSummaryParams = { rolloutPath: string } | { conversationId: ThreadId };
