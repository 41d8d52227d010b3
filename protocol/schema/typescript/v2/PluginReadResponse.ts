// Generated from the message types of codex-trio. Do not edit.
import type { PluginDetail } from "./PluginDetail";

/** The plugin. */
export type PluginReadResponse = {
  plugin: PluginDetail,
};
