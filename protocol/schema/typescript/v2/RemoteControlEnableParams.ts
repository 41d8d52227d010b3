// Generated from the message types of codex-trio. Do not edit.

/**
 * Let devices control this server.
 *
 * Errors: -32600 when it is switched off by requirements.
 */
export type RemoteControlEnableParams = {
  /** For this process only. */
  ephemeral?: boolean,
};
