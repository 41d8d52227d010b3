// Generated from the message types of codex-trio. Do not edit.
import type { AccountSecuritySetupAction } from "./AccountSecuritySetupAction";

/** Advice about an account's security. */
export type AccountSecuritySetupNotice = {
  accountId: string,
  userId: string,
  title: string,
  description: string,
  action: AccountSecuritySetupAction,
};
