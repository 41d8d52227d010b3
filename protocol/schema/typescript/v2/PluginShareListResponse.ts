// Generated from the message types of codex-trio. Do not edit.
import type { PluginShareListItem } from "./PluginShareListItem";

/** The shared plugins. */
export type PluginShareListResponse = {
  data: Array<PluginShareListItem>,
};
