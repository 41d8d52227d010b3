// Generated from the message types of codex-trio. Do not edit.

/** List the apps that can be called, for a thread or in general. */
export type AppsInstalledParams = {
  threadId?: string | null,
  forceRefresh?: boolean,
};
