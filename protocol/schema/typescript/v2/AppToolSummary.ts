// Generated from the message types of codex-trio. Do not edit.

/** A tool of an app. */
export type AppToolSummary = {
  name: string,
  title: string | null,
  description: string,
  isEnabled: boolean,
  disabledReason: string | null,
  isReadOnly: boolean,
};
