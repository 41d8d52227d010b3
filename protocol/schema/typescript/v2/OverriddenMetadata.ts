// Generated from the message types of codex-trio. Do not edit.
import type { ConfigLayerMetadata } from "./ConfigLayerMetadata";
import type { JsonValue } from "../serde_json/JsonValue";

/** Another layer hides what was written. */
export type OverriddenMetadata = {
  message: string,
  overridingLayer: ConfigLayerMetadata,
  effectiveValue: JsonValue,
};
