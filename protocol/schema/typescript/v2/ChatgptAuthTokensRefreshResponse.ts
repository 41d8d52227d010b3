// Generated from the message types of codex-trio. Do not edit.

/** The tokens. A null plan leaves it as it was. */
export type ChatgptAuthTokensRefreshResponse = {
  accessToken: string,
  chatgptAccountId: string,
  chatgptPlanType?: string | null,
};
