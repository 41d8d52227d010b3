// Generated from the message types of codex-trio. Do not edit.
import type { UserVerificationProof } from "./UserVerificationProof";

/** The proof. */
export type UserVerificationVerifyResponse = {
  proof: UserVerificationProof,
};
