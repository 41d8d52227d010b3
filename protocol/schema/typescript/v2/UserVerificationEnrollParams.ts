// Generated from the message types of codex-trio. Do not edit.

/**
 * Make a local key, or tell the one that exists.
 *
 * Errors: -32603 with a `UserVerificationRpcError` as `data`, where there can be no key.
 */
export type UserVerificationEnrollParams = Record<string, never>;
