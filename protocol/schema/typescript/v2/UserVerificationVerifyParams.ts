// Generated from the message types of codex-trio. Do not edit.

/**
 * Have the user confirm something, and sign it. Challenge in unpadded base64url, 1 to 4096 bytes.
 *
 * Errors: with `data` of `UserVerificationRpcError`.
 */
export type UserVerificationVerifyParams = {
  challenge: string,
  title: string,
  description: string,
};
