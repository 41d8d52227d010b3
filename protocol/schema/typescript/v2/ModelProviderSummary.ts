// Generated from the message types of codex-trio. Do not edit.
import type { ProviderSettings } from "./ProviderSettings";

/** A provider. The address is null when unknown or not to be shown. */
export type ModelProviderSummary = {
  id: string,
  name: string,
  canEdit: boolean,
  baseUrl: string | null,
  settings: ProviderSettings,
};
