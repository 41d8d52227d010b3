// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { ConfigLayerMetadata } from "./ConfigLayerMetadata";

/** Another layer hides what was written. */
export type OverriddenMetadata = {
  message: string,
  overridingLayer: ConfigLayerMetadata,
  effectiveValue: JsonValue,
};
