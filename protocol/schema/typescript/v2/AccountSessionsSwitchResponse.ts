// Generated from the message types of codex-trio. Do not edit.
import type { AccountSession } from "./AccountSession";

/** What came of the switch. */
export type AccountSessionsSwitchResponse = {
  activeSessionId?: string | null,
  sessions: Array<AccountSession>,
} | {
  auth_url: string,
  login_id: string,
};
