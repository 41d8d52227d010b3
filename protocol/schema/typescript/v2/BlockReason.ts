// Generated from the message types of codex-trio. Do not edit.

/** Why an answer is not shown. */
export type BlockReason = {
  "kind": "protection",
  protectionType: string,
} | {
  "kind": "cyber",
  trustedAccess?: boolean | null,
};
