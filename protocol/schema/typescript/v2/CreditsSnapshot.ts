// Generated from the message types of codex-trio. Do not edit.

/** Credits of an account; the balance is a decimal number, null when not told. */
export type CreditsSnapshot = {
  hasCredits: boolean,
  unlimited: boolean,
  balance: string | null,
};
