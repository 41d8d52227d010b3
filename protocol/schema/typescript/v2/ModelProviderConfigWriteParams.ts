// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

/**
 * Change a provider's settings in the user's configuration.
 *
 * Errors: -32600 when the provider cannot be edited or policy forbids it.
 */
export type ModelProviderConfigWriteParams = {
  settings: ProviderSettingsPatch,
};
