// Generated from the message types of codex-trio. Do not edit.
import type { PluginSharePrincipalType } from "./PluginSharePrincipalType";
import type { PluginShareTargetRole } from "./PluginShareTargetRole";

/** Somebody to share with. */
export type PluginShareTarget = {
  principalType: PluginSharePrincipalType,
  principalId: string,
  role: PluginShareTargetRole,
};
