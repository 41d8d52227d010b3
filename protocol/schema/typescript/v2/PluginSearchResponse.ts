// Generated from the message types of codex-trio. Do not edit.
import type { PluginSearchResult } from "./PluginSearchResult";

/** A page of plugins; a null cursor marks the last one. */
export type PluginSearchResponse = {
  data: Array<PluginSearchResult>,
  nextCursor: string | null,
};
