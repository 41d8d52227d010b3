// Generated from the message types of codex-trio. Do not edit.
import type { PluginReconcileChangedPlugin } from "./PluginReconcileChangedPlugin";

/** What changed. */
export type PluginReconcileResponse = {
  changedPlugins: Array<PluginReconcileChangedPlugin>,
  failedRemotePluginIds: Array<string>,
  failedMaterializationRemotePluginIds: Array<string>,
};
