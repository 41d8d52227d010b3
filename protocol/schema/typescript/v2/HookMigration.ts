// Generated from the message types of codex-trio. Do not edit.

/** A hook to take over. */
export type HookMigration = {
  name: string,
};
