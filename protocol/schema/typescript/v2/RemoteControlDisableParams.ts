// Generated from the message types of codex-trio. Do not edit.

/** Let nobody control this server. */
export type RemoteControlDisableParams = {
  /** For this process only. */
  ephemeral?: boolean,
};
