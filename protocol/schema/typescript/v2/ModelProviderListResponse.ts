// Generated from the message types of codex-trio. Do not edit.
import type { ModelProviderSummary } from "./ModelProviderSummary";

/** The providers, and which one is used unless asked otherwise. */
export type ModelProviderListResponse = {
  data: Array<ModelProviderSummary>,
  defaultProviderId: string,
  canChangeDefault: boolean,
};
