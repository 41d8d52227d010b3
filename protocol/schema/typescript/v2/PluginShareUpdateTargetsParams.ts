// Generated from the message types of codex-trio. Do not edit.
import type { PluginShareTarget } from "./PluginShareTarget";
import type { PluginShareUpdateDiscoverability } from "./PluginShareUpdateDiscoverability";

/**
 * Change with whom a plugin is shared.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type PluginShareUpdateTargetsParams = {
  remotePluginId: string,
  discoverability: PluginShareUpdateDiscoverability,
  shareTargets: Array<PluginShareTarget>,
};
