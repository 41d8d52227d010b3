// Generated from the message types of codex-trio. Do not edit.

/** A hook that could not be read. */
export type HookErrorInfo = {
  path: string,
  message: string,
};
