// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSettings } from "./ThreadSettings";

/** The settings of a thread have changed. */
export type ThreadSettingsUpdatedNotification = {
  threadId: string,
  threadSettings: ThreadSettings,
};
