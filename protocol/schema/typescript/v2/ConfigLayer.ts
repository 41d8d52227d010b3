// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { ConfigLayerSource } from "./ConfigLayerSource";

/** A layer and its content. The reason is left out when it is in force. */
export type ConfigLayer = {
  name: ConfigLayerSource,
  version: string,
  config: JsonValue,
  disabledReason?: string | null,
};
