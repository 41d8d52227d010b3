// Generated from the message types of codex-trio. Do not edit.
import type { AccountSessionsLoginNeeded } from "./AccountSessionsLoginNeeded";
import type { AccountSessionsSwitched } from "./AccountSessionsSwitched";

/** What came of the switch. */
export type AccountSessionsSwitchResponse = AccountSessionsSwitched | AccountSessionsLoginNeeded;
