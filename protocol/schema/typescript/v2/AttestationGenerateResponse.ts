// Generated from the message types of codex-trio. Do not edit.

/** The token, opaque to the server. */
export type AttestationGenerateResponse = {
  token: string,
};
