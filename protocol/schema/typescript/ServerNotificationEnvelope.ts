// Generated from the message types of codex-trio. Do not edit.
import type { ServerNotification } from "./ServerNotification";

/** A notification as it crosses the wire, with the time at which the server sent it in Unix milliseconds. */
export type ServerNotificationEnvelope = { emittedAtMs?: number } & ServerNotification;
