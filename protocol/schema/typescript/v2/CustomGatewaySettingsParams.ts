// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

export type CustomGatewaySettingsParams = Omit<Extract<ProviderSettingsPatch, { "type": "customGateway" }>, "type">;
