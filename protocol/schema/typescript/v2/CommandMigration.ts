// Generated from the message types of codex-trio. Do not edit.

/** A command to take over. */
export type CommandMigration = {
  name: string,
};
