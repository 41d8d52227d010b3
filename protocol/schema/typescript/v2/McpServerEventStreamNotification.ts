// Generated from the message types of codex-trio. Do not edit.
import type { McpServerEventNotification } from "./McpServerEventNotification";

/** An event of a stream that was started. */
export type McpServerEventStreamNotification = {
  subscriptionId: string,
  notification: McpServerEventNotification,
};
