// Generated from the message types of codex-trio. Do not edit.

/** The other side's session description. */
export type ThreadRealtimeSdpNotification = {
  threadId: string,
  sdp: string,
};
