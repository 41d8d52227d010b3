// Generated from the message types of codex-trio. Do not edit.
import type { PluginShareDiscoverability } from "./PluginShareDiscoverability";
import type { PluginSharePrincipal } from "./PluginSharePrincipal";

/** With whom it is shared now. */
export type PluginShareUpdateTargetsResponse = {
  principals: Array<PluginSharePrincipal>,
  discoverability: PluginShareDiscoverability,
};
