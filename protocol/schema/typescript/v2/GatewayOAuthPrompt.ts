// Generated from the message types of codex-trio. Do not edit.

/** The page to open and the code to enter there. */
export type GatewayOAuthPrompt = {
  loginId: string,
  verificationUrl: string,
  userCode: string,
};
