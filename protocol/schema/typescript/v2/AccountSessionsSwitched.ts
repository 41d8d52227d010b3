// Generated from the message types of codex-trio. Do not edit.
import type { AccountSession } from "./AccountSession";

/** The switch is made; all logins as they are now. */
export type AccountSessionsSwitched = {
  activeSessionId: string | null,
  sessions: Array<AccountSession>,
};
