// Generated from the message types of codex-trio. Do not edit.

/**
 * Spend a credit to start limits afresh; the same key is one attempt. Null takes the next credit.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type ConsumeAccountRateLimitResetCreditParams = {
  idempotencyKey: string,
  creditId?: string | null,
};
