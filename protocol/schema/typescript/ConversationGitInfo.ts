// Generated from the message types of codex-trio. Do not edit.

/** Where a conversation's repository stood when it began. */
export type ConversationGitInfo = {
  sha: string | null,
  branch: string | null,
  origin_url: string | null,
};
