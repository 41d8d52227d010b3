// Generated from the message types of codex-trio. Do not edit.
import type { MisalignmentSteer } from "./MisalignmentSteer";

/** Why the provider stopped the work, and how it may go on. Null parts were not given. */
export type MisalignmentErrorDetails = {
  errorType: string | null,
  detailedExplanation: string | null,
  steer: MisalignmentSteer | null,
  reviewTarget: string | null,
};
