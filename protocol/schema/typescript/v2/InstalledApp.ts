// Generated from the message types of codex-trio. Do not edit.

/** An app that is set up here. */
export type InstalledApp = {
  id: string,
  runtimeName: string | null,
  enabled: boolean,
  callable: boolean,
};
