// Generated from the message types of codex-trio. Do not edit.

/** A newer model to move to. The retirement is in Unix seconds, null when not planned. */
export type ModelUpgradeInfo = {
  model: string,
  upgradeCopy: string | null,
  modelLink: string | null,
  migrationMarkdown: string | null,
  retirementAt: number | null,
};
