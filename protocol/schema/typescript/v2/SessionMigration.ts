// Generated from the message types of codex-trio. Do not edit.

/** A conversation to take over. */
export type SessionMigration = {
  path: string,
  cwd: string,
  title?: string | null,
};
