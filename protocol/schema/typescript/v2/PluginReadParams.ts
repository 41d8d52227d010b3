// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Read all about a plugin of a marketplace, on disk or remote.
 *
 * Errors: -32600 when it is not there.
 */
export type PluginReadParams = {
  marketplacePath?: AbsolutePathBuf | null,
  remoteMarketplaceName?: string | null,
  pluginName: string,
};
