// Generated from the message types of codex-trio. Do not edit.
import type { AppInfo } from "./AppInfo";

/** The apps have changed; all of them. */
export type AppListUpdatedNotification = {
  data: Array<AppInfo>,
};
