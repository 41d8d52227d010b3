// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/approveGuardianDeniedAction`: it is done. */
export type ThreadApproveGuardianDeniedActionResponse = Record<string, never>;
