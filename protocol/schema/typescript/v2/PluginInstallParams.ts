// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Install a plugin of a marketplace, on disk or remote.
 *
 * Errors: -32600 when it is not there or must not be installed; -32603 when it cannot be fetched.
 */
export type PluginInstallParams = {
  marketplacePath?: AbsolutePathBuf | null,
  remoteMarketplaceName?: string | null,
  installAttemptId?: string | null,
  pluginName: string,
};
