// Generated from the message types of codex-trio. Do not edit.
import type { ModelProviderSummary } from "./ModelProviderSummary";

/** The provider as it is now. */
export type ModelProviderConfigWriteResponse = {
  provider: ModelProviderSummary,
};
