// Generated from the message types of codex-trio. Do not edit.

/**
 * Have a text spoken.
 *
 * Errors: -32600 when no session runs.
 */
export type ThreadRealtimeAppendSpeechParams = {
  threadId: string,
  text: string,
};
