// Generated from the message types of codex-trio. Do not edit.

/** Whether the setup began. */
export type WindowsSandboxSetupStartResponse = {
  started: boolean,
};
