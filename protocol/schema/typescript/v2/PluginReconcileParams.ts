// Generated from the message types of codex-trio. Do not edit.

/** Bring what is on disk in line with what should be installed. */
export type PluginReconcileParams = {
  reason?: string | null,
};
