// Generated from the message types of codex-trio. Do not edit.
import type { UserVerificationUnavailableReason } from "./UserVerificationUnavailableReason";

/** The key, or why there is none. */
export type UserVerificationStatusResponse = {
  credentialId: string | null,
  unavailableReason: UserVerificationUnavailableReason | null,
  unavailableMessage: string | null,
};
