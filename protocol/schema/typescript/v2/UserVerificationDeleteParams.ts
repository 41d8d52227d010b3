// Generated from the message types of codex-trio. Do not edit.

/**
 * Forget the local key.
 *
 * Errors: -32603 with a `UserVerificationRpcError` as `data`, where there can be no key.
 */
export type UserVerificationDeleteParams = Record<string, never>;
