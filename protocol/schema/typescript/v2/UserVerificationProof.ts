// Generated from the message types of codex-trio. Do not edit.

/** The signature in unpadded base64url, ECDSA on P-256 over SHA-256. */
export type UserVerificationProof = {
  credentialId: string,
  signature: string,
};
