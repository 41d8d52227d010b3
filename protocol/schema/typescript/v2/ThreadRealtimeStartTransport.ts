// Generated from the message types of codex-trio. Do not edit.

/** How sound travels. */
export type ThreadRealtimeStartTransport = {
  "type": "websocket",
} | {
  "type": "webrtc",
  sdp: string,
} | {
  "type": "existingCall",
  callId: string,
};
