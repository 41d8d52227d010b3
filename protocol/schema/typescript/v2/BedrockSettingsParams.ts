// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

export type BedrockSettingsParams = Omit<Extract<ProviderSettingsPatch, { "type": "bedrock" }>, "type">;
