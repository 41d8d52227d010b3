// Generated from the message types of codex-trio. Do not edit.
import type { CancelLoginAccountStatus } from "./CancelLoginAccountStatus";

/** What was found. */
export type CancelLoginAccountResponse = {
  status: CancelLoginAccountStatus,
};
