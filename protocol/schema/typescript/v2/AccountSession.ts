// Generated from the message types of codex-trio. Do not edit.
import type { AccountSessionWorkspace } from "./AccountSessionWorkspace";

/** A login. The time is Unix seconds; null where unknown. */
export type AccountSession = {
  sessionId: string,
  email: string | null,
  userId: string | null,
  displayName: string | null,
  imageUrl: string | null,
  lastUsedAt: number,
  isActive: boolean,
  selectedWorkspaceAccountId: string | null,
  workspaces: Array<AccountSessionWorkspace>,
};
