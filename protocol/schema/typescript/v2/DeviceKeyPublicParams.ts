// Generated from the message types of codex-trio. Do not edit.

/** Ask for the public half of a key. Errors: -32600 for a malformed id and for an unknown key. */
export type DeviceKeyPublicParams = {
  keyId: string,
};
