// Generated from the message types of codex-trio. Do not edit.
import type { AppInfo } from "./AppInfo";

/** A page of apps; a null cursor marks the last one. */
export type AppsListResponse = {
  data: Array<AppInfo>,
  nextCursor: string | null,
};
