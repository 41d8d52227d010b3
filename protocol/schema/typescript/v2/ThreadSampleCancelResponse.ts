// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/sample/cancel`: the sample was told to stop. */
export type ThreadSampleCancelResponse = Record<string, never>;
