// Generated from the message types of codex-trio. Do not edit.
import type { Config } from "./Config";
import type { ConfigLayer } from "./ConfigLayer";
import type { ConfigLayerMetadata } from "./ConfigLayerMetadata";

/** The configuration, where each key comes from, and the layers, left out unless asked for. */
export type ConfigReadResponse = {
  config: Config,
  origins: { [key in string]?: ConfigLayerMetadata },
  layers?: Array<ConfigLayer> | null,
};
