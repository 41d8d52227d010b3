// Generated from the message types of codex-trio. Do not edit.

/** How the login goes on. */
export type LoginAccountResponse = {
  "type": "apiKey",
} | {
  "type": "chatgpt",
  loginId: string,
  authUrl: string,
} | {
  "type": "chatgptDeviceCode",
  loginId: string,
  verificationUrl: string,
  userCode: string,
} | {
  "type": "chatgptAuthTokens",
} | {
  "type": "amazonBedrock",
};
