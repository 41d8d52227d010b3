// Generated from the message types of codex-trio. Do not edit.
import type { NetworkPolicyRuleAction } from "./NetworkPolicyRuleAction";

/** A lasting rule about one host. */
export type NetworkPolicyAmendment = {
  host: string,
  action: NetworkPolicyRuleAction,
};
