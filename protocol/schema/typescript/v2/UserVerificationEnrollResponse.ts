// Generated from the message types of codex-trio. Do not edit.

/** The key; its public half in unpadded base64url DER, null from older helpers. */
export type UserVerificationEnrollResponse = {
  credentialId: string,
  algorithm: string | null,
  publicKey: string | null,
};
