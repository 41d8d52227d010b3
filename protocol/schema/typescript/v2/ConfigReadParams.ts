// Generated from the message types of codex-trio. Do not edit.

/**
 * Read the configuration that is in force, for a folder if one is named.
 *
 * Errors: -32603 when it cannot be loaded.
 */
export type ConfigReadParams = {
  /** Also send each layer by itself. */
  includeLayers?: boolean,
  cwd?: string | null,
};
