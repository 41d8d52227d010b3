// Generated from the message types of codex-trio. Do not edit.

/** What was switched. */
export type ExperimentalFeatureEnablementSetResponse = {
  enablement: { [key in string]?: boolean },
};
