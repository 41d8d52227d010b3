// Generated from the message types of codex-trio. Do not edit.

/** What the user can do. */
export type AccountSecuritySetupAction = {
  label: string,
  url: string,
};
