// Generated from the message types of codex-trio. Do not edit.

/**
 * Switch features for this process; what configuration says wins.
 *
 * Errors: -32600 for a feature that cannot be switched.
 */
export type ExperimentalFeatureEnablementSetParams = {
  enablement: { [key in string]?: boolean },
};
