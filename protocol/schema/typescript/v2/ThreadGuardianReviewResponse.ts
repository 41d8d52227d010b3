// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGuardianAssessment } from "./ThreadGuardianAssessment";

/** The assessment; null when policy made a review needless. */
export type ThreadGuardianReviewResponse = {
  callId: string,
  assessment: ThreadGuardianAssessment | null,
};
