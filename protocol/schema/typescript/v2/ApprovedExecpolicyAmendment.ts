// Generated from the message types of codex-trio. Do not edit.

/** Approve, and allow all commands that start with these words from now on. */
export type ApprovedExecpolicyAmendment = {
  proposed_execpolicy_amendment: Array<string>,
};
