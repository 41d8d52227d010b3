// Generated from the message types of codex-trio. Do not edit.

/** Answer to a patch approval. `acceptForSession` covers later patches to the same files. */
export type FileChangeApprovalDecision = "accept" | "acceptForSession" | "decline" | "cancel";
