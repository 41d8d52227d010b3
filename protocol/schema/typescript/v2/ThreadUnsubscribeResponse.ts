// Generated from the message types of codex-trio. Do not edit.
import type { ThreadUnsubscribeStatus } from "./ThreadUnsubscribeStatus";

/** What was found. */
export type ThreadUnsubscribeResponse = {
  status: ThreadUnsubscribeStatus,
};
