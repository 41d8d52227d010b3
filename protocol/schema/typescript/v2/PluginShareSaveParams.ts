// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginShareDiscoverability } from "./PluginShareDiscoverability";
import type { PluginShareTarget } from "./PluginShareTarget";

/**
 * Share a plugin, or a new version of it. Null id makes a new share.
 *
 * Errors: -32600 without a ChatGPT login or for an invalid plugin.
 */
export type PluginShareSaveParams = {
  pluginPath: AbsolutePathBuf,
  remotePluginId?: string | null,
  discoverability?: PluginShareDiscoverability | null,
  shareTargets?: Array<PluginShareTarget> | null,
};
