// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/prediction/request`: the outcome comes as a notification. */
export type ThreadPredictionRequestResponse = Record<string, never>;
