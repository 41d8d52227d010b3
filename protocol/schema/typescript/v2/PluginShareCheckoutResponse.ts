// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Where the plugin was put. */
export type PluginShareCheckoutResponse = {
  remotePluginId: string,
  pluginId: string,
  pluginName: string,
  pluginPath: AbsolutePathBuf,
  marketplaceName: string,
  marketplacePath: AbsolutePathBuf,
  remoteVersion: string | null,
};
