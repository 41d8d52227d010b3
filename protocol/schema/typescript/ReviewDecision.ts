// Generated from the message types of codex-trio. Do not edit.
import type { NetworkPolicyAmendment } from "./NetworkPolicyAmendment";

/**
 * How a client answers an approval request of the older form.
 *
 * `denied` refuses and goes on with the turn, `abort` also ends it.
 */
export type ReviewDecision = "approved" | "approved_for_session" | "approved_mcp_policy_amendment" | "timed_out" | "abort" | { approved_execpolicy_amendment: {
  proposed_execpolicy_amendment: Array<string>,
} } | { network_policy_amendment: {
  network_policy_amendment: NetworkPolicyAmendment,
} } | { denied: {
  rejection: string,
} } | "denied";
