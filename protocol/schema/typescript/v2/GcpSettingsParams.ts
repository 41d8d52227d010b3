// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

export type GcpSettingsParams = Extract<ProviderSettingsPatch, { "type": "gcp" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type"> : never) : never;
