// Generated from the message types of codex-trio. Do not edit.

/** What was sent. */
export type MockExperimentalMethodResponse = {
  echoed: string | null,
};
