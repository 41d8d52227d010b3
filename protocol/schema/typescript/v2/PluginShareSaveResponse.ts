// Generated from the message types of codex-trio. Do not edit.

/** The share; null when it is not known whether the workspace may have it. */
export type PluginShareSaveResponse = {
  remotePluginId: string,
  shareUrl: string,
  canPublishToWorkspace: boolean | null,
};
