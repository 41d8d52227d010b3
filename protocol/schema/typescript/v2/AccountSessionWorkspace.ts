// Generated from the message types of codex-trio. Do not edit.
import type { AccountSessionWorkspaceKind } from "./AccountSessionWorkspaceKind";

/** A workspace of a login. Null where unknown. */
export type AccountSessionWorkspace = {
  accountId: string,
  name: string | null,
  imageUrl: string | null,
  kind: AccountSessionWorkspaceKind | null,
};
