// Generated from the message types of codex-trio. Do not edit.

/** For tests of the experimental gate. */
export type MockExperimentalMethodParams = {
  value?: string | null,
};
