// Generated from the message types of codex-trio. Do not edit.

/**
 * Ask what may still be used.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type GetAccountRateLimitsParams = {
  /** The client can go on with a reserve model. */
  supportsLunaReserve?: boolean,
  /** Count reset credits only. */
  excludeResetCreditDetails?: boolean,
};
