// Generated from the message types of codex-trio. Do not edit.

/** Credentials of a model provider are being renewed, or have been. */
export type AuthRecoveryNotification = {
  threadId: string,
  turnId: string,
  provider: string,
  message: string,
};
