// Generated from the message types of codex-trio. Do not edit.
import type { NetworkPolicyAmendment } from "../NetworkPolicyAmendment";

/** Write the given rule about a host; it also decides on this request. */
export type ApplyNetworkPolicyAmendment = {
  network_policy_amendment: NetworkPolicyAmendment,
};
