// Generated from the message types of codex-trio. Do not edit.
import type { PluginSharePrincipalRole } from "./PluginSharePrincipalRole";
import type { PluginSharePrincipalType } from "./PluginSharePrincipalType";

/** Somebody it is shared with. */
export type PluginSharePrincipal = {
  principalType: PluginSharePrincipalType,
  principalId: string,
  role: PluginSharePrincipalRole,
  name: string,
};
