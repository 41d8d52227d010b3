// Generated from the message types of codex-trio. Do not edit.

/** A sub-agent to take over. */
export type SubagentMigration = {
  name: string,
};
