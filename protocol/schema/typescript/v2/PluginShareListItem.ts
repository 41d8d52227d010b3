// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginSummary } from "./PluginSummary";

/** A shared plugin; its folder is null when it is not on this machine. */
export type PluginShareListItem = {
  plugin: PluginSummary,
  localPluginPath: AbsolutePathBuf | null,
};
