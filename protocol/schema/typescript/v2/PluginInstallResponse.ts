// Generated from the message types of codex-trio. Do not edit.
import type { AppSummary } from "./AppSummary";
import type { PluginAuthPolicy } from "./PluginAuthPolicy";

/** Installed; these apps still need a login. */
export type PluginInstallResponse = {
  authPolicy: PluginAuthPolicy,
  appsNeedingAuth: Array<AppSummary>,
};
