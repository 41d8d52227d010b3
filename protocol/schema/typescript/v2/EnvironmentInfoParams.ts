// Generated from the message types of codex-trio. Do not edit.

/**
 * Ask what an environment is like.
 *
 * Errors: -32600 for an unknown one; -32603 when it cannot be reached.
 */
export type EnvironmentInfoParams = {
  environmentId: string,
};
