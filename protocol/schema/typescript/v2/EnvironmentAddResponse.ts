// Generated from the message types of codex-trio. Do not edit.

/** Answer to `environment/add`: it is done. */
export type EnvironmentAddResponse = Record<string, never>;
