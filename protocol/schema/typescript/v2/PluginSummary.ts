// Generated from the message types of codex-trio. Do not edit.
import type { PluginAuthPolicy } from "./PluginAuthPolicy";
import type { PluginAvailability } from "./PluginAvailability";
import type { PluginDisabledReason } from "./PluginDisabledReason";
import type { PluginInstallPolicy } from "./PluginInstallPolicy";
import type { PluginInstallPolicySource } from "./PluginInstallPolicySource";
import type { PluginInterface } from "./PluginInterface";
import type { PluginShareContext } from "./PluginShareContext";
import type { PluginSource } from "./PluginSource";

/** A plugin in a list. Null where not known. */
export type PluginSummary = {
  id: string,
  remotePluginId: string | null,
  version: string | null,
  localVersion: string | null,
  name: string,
  shareContext: PluginShareContext | null,
  source: PluginSource,
  installed: boolean,
  /** Unix seconds. */
  installedAt: number | null,
  enabled: boolean,
  installPolicy: PluginInstallPolicy,
  installPolicySource: PluginInstallPolicySource | null,
  mustShowInstallationInterstitial: boolean | null,
  authPolicy: PluginAuthPolicy,
  availability: PluginAvailability,
  disabledReason: PluginDisabledReason | null,
  eligiblePlanTypes: Array<string> | null,
  interface: PluginInterface | null,
  keywords: Array<string>,
};
