// Generated from the message types of codex-trio. Do not edit.
import type { PluginShareDiscoverability } from "./PluginShareDiscoverability";
import type { PluginSharePrincipal } from "./PluginSharePrincipal";

/** How a plugin is shared. Null where not known. */
export type PluginShareContext = {
  remotePluginId: string,
  remoteVersion: string | null,
  discoverability: PluginShareDiscoverability | null,
  shareUrl: string | null,
  creatorAccountUserId: string | null,
  creatorName: string | null,
  sharePrincipals: Array<PluginSharePrincipal> | null,
  canPublishToWorkspace: boolean | null,
};
