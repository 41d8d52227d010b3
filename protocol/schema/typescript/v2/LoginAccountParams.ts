// Generated from the message types of codex-trio. Do not edit.
import type { LoginAppBrand } from "./LoginAppBrand";

/**
 * Log in, one way or another.
 *
 * Errors: -32600 when policy forbids it or values are missing; -32603 when tokens cannot be used.
 */
export type LoginAccountParams = {
  "type": "apiKey",
  apiKey: string,
} | {
  "type": "chatgpt",
  codexStreamlinedLogin?: boolean,
  useHostedLoginSuccessPage?: boolean,
  appBrand?: LoginAppBrand | null,
} | {
  "type": "chatgptDeviceCode",
} | {
  "type": "chatgptAuthTokens",
  accessToken: string,
  chatgptAccountId: string,
  chatgptPlanType?: string | null,
} | {
  "type": "amazonBedrock",
  apiKey: string,
  region: string,
} | {
  "type": "amazonBedrockAccessKeys",
  accessKeyId: string,
  secretAccessKey: string,
  sessionToken?: string | null,
  region: string,
};
