// Generated from the message types of codex-trio. Do not edit.
import type { AccountSecuritySetupNotice } from "./AccountSecuritySetupNotice";

/** Advice; null when there is none. */
export type GetAccountSecuritySetupResponse = {
  notice: AccountSecuritySetupNotice | null,
};
