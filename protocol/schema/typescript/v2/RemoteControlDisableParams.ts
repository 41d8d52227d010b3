// Generated from the message types of codex-trio. Do not edit.

/**
 * Let nobody control this server.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type RemoteControlDisableParams = {
  /** For this process only. */
  ephemeral?: boolean,
};
