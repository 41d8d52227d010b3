// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

export type CustomGatewaySettingsParams = Extract<ProviderSettingsPatch, { "type": "customGateway" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type"> : never) : never;
