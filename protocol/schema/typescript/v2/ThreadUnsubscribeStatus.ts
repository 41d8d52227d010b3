// Generated from the message types of codex-trio. Do not edit.

/** Whether there was a subscription to end. */
export type ThreadUnsubscribeStatus = "notLoaded" | "notSubscribed" | "unsubscribed";
