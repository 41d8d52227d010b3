// Generated from the message types of codex-trio. Do not edit.
import type { ApprovedExecpolicyAmendment } from "./ApprovedExecpolicyAmendment";
import type { DeniedReview } from "./DeniedReview";
import type { NetworkPolicyAmendmentReview } from "./NetworkPolicyAmendmentReview";

/** The decisions that carry more than a word. */
export type ReviewDecisionObject = { approved_execpolicy_amendment: ApprovedExecpolicyAmendment } | { network_policy_amendment: NetworkPolicyAmendmentReview } | { denied: DeniedReview };
