// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginSummary } from "./PluginSummary";

/** A plugin and its marketplace. */
export type PluginSearchResult = {
  plugin: PluginSummary,
  marketplaceName: string,
  marketplacePath: AbsolutePathBuf | null,
};
