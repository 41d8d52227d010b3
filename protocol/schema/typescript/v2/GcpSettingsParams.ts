// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

export type GcpSettingsParams = Omit<Extract<ProviderSettingsPatch, { "type": "gcp" }>, "type">;
