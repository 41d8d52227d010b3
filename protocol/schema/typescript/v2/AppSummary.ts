// Generated from the message types of codex-trio. Do not edit.

/** An app that a plugin uses. */
export type AppSummary = {
  id: string,
  name: string,
  description: string | null,
  installUrl: string | null,
  category: string | null,
};
