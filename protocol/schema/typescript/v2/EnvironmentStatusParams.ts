// Generated from the message types of codex-trio. Do not edit.

/**
 * Ask whether an environment can be reached.
 *
 * Errors: -32600 for an unknown one.
 */
export type EnvironmentStatusParams = {
  environmentId: string,
};
