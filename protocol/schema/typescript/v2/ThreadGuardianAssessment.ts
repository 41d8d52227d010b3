// Generated from the message types of codex-trio. Do not edit.
import type { GuardianAssessmentOutcome } from "../GuardianAssessmentOutcome";
import type { GuardianRiskLevel } from "./GuardianRiskLevel";
import type { GuardianUserAuthorization } from "./GuardianUserAuthorization";

/** The reviewer's decision and its reasons. */
export type ThreadGuardianAssessment = {
  outcome: GuardianAssessmentOutcome,
  riskLevel: GuardianRiskLevel,
  userAuthorization: GuardianUserAuthorization,
  rationale: string,
};
