// Generated from the message types of codex-trio. Do not edit.

/** Run it, and write a rule that lets commands starting with these words run unasked. */
export type AcceptWithExecpolicyAmendment = {
  execpolicy_amendment: Array<string>,
};
