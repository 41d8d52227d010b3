// Generated from the message types of codex-trio. Do not edit.
import type { AccountSession } from "./AccountSession";

/** All logins; null when none is in use. */
export type AccountSessionsResponse = {
  activeSessionId: string | null,
  sessions: Array<AccountSession>,
};
