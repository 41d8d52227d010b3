// Generated from the message types of codex-trio. Do not edit.
import type { AccountRoutingOverride } from "./AccountRoutingOverride";

/** Where a workspace's traffic goes. */
export type WorkspaceRouting = {
  chatgptAccountId: string,
  backendOrigin: string,
  accountRoutingOverride: AccountRoutingOverride,
};
