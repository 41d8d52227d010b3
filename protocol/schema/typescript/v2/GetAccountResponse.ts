// Generated from the message types of codex-trio. Do not edit.
import type { Account } from "./Account";
import type { WorkspaceRouting } from "./WorkspaceRouting";

/** The account, null when nobody is logged in, and whether the provider needs one. */
export type GetAccountResponse = {
  account: Account | null,
  userId: string | null,
  requiresOpenaiAuth: boolean,
  workspaceRouting: WorkspaceRouting | null,
};
