// Generated from the message types of codex-trio. Do not edit.
import type { ReviewDecision } from "./ReviewDecision";

/** The decision on a command. */
export type ExecCommandApprovalResponse = {
  decision: ReviewDecision,
};
