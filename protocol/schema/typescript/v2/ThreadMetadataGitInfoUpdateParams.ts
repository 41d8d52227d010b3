// Generated from the message types of codex-trio. Do not edit.

/** Parts of the repository facts to change: absent keeps, null clears. */
export type ThreadMetadataGitInfoUpdateParams = {
  sha?: string | null,
  branch?: string | null,
  originUrl?: string | null,
};
