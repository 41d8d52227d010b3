// Generated from the message types of codex-trio. Do not edit.
import type { ThreadTokenUsage } from "./ThreadTokenUsage";

/** Token counts after a model response. */
export type ThreadTokenUsageUpdatedNotification = {
  threadId: string,
  turnId: string,
  tokenUsage: ThreadTokenUsage,
};
