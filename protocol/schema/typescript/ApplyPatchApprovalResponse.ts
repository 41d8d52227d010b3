// Generated from the message types of codex-trio. Do not edit.
import type { ReviewDecision } from "./ReviewDecision";

/** The decision on a patch. */
export type ApplyPatchApprovalResponse = {
  decision: ReviewDecision,
};
