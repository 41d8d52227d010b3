// Generated from the message types of codex-trio. Do not edit.
import type { NetworkPolicyAmendment } from "../NetworkPolicyAmendment";

/**
 * Answer to a command approval.
 *
 * `acceptForSession` covers the same command later on; `decline` lets the turn go on, `cancel` ends it.
 */
export type CommandExecutionApprovalDecision = "accept" | "acceptForSession" | "decline" | "cancel" | { acceptWithExecpolicyAmendment: {
  execpolicy_amendment: Array<string>,
} } | { applyNetworkPolicyAmendment: {
  network_policy_amendment: NetworkPolicyAmendment,
} };
