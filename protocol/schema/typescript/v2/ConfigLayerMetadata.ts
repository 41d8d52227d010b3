// Generated from the message types of codex-trio. Do not edit.
import type { ConfigLayerSource } from "./ConfigLayerSource";

/** A layer and the version of its content. */
export type ConfigLayerMetadata = {
  name: ConfigLayerSource,
  version: string,
};
