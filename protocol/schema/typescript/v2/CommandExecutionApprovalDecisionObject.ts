// Generated from the message types of codex-trio. Do not edit.
import type { AcceptWithExecpolicyAmendment } from "./AcceptWithExecpolicyAmendment";
import type { ApplyNetworkPolicyAmendment } from "./ApplyNetworkPolicyAmendment";

/** The decisions that carry a rule. */
export type CommandExecutionApprovalDecisionObject = { acceptWithExecpolicyAmendment: AcceptWithExecpolicyAmendment } | { applyNetworkPolicyAmendment: ApplyNetworkPolicyAmendment };
