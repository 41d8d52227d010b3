// Generated from the message types of codex-trio. Do not edit.
import type { GuardianApprovalReviewStatus } from "./GuardianApprovalReviewStatus";
import type { GuardianRiskLevel } from "./GuardianRiskLevel";
import type { GuardianUserAuthorization } from "./GuardianUserAuthorization";

/** A review's state; the assessment is null until it is made. */
export type GuardianApprovalReview = {
  status: GuardianApprovalReviewStatus,
  riskLevel: GuardianRiskLevel | null,
  userAuthorization: GuardianUserAuthorization | null,
  rationale: string | null,
};
