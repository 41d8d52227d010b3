// Generated from the message types of codex-trio. Do not edit.
import type { UserVerificationCancellationReason } from "./UserVerificationCancellationReason";
import type { UserVerificationFailureReason } from "./UserVerificationFailureReason";
import type { UserVerificationInvalidRequestReason } from "./UserVerificationInvalidRequestReason";
import type { UserVerificationUnavailableReason } from "./UserVerificationUnavailableReason";

/** Why a verification failed. */
export type UserVerificationErrorDetails = {
  "type": "invalidRequest",
  reason: UserVerificationInvalidRequestReason,
} | {
  "type": "unavailable",
  reason: UserVerificationUnavailableReason,
} | {
  "type": "cancelled",
  reason: UserVerificationCancellationReason,
} | {
  "type": "failed",
  reason: UserVerificationFailureReason,
};
