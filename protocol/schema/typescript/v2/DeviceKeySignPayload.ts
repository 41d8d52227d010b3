// Generated from the message types of codex-trio. Do not edit.

/** The statements that a device key signs; free text is never signed. */
export type DeviceKeySignPayload = {
  "type": "remoteControlClientConnection",
  nonce: string,
  audience: "remote_control_client_websocket",
  sessionId: string,
  targetOrigin: string,
  targetPath: string,
  accountUserId: string,
  clientId: string,
  tokenSha256Base64Url: string,
  tokenExpiresAt: number,
  scopes: Array<string>,
} | {
  "type": "remoteControlClientEnrollment",
  nonce: string,
  audience: "remote_control_client_enrollment",
  challengeId: string,
  targetOrigin: string,
  targetPath: string,
  accountUserId: string,
  clientId: string,
  deviceIdentitySha256Base64Url: string,
  challengeExpiresAt: number,
};
