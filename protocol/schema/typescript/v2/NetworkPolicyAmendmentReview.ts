// Generated from the message types of codex-trio. Do not edit.
import type { NetworkPolicyAmendment } from "../NetworkPolicyAmendment";

/** Approve or refuse a host for good. */
export type NetworkPolicyAmendmentReview = {
  network_policy_amendment: NetworkPolicyAmendment,
};
