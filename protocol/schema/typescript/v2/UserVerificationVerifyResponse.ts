// Generated from the message types of codex-trio. Do not edit.
import type { UserVerificationBiometricType } from "./UserVerificationBiometricType";
import type { UserVerificationProof } from "./UserVerificationProof";

/** The proof. */
export type UserVerificationVerifyResponse = {
  proof: UserVerificationProof,
  /** Null where the device does not say. */
  biometricType: UserVerificationBiometricType | null,
};
