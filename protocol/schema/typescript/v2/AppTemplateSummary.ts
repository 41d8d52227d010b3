// Generated from the message types of codex-trio. Do not edit.
import type { AppTemplateUnavailableReason } from "./AppTemplateUnavailableReason";

/** A template for an app. Null where not told. */
export type AppTemplateSummary = {
  templateId: string,
  name: string,
  description: string | null,
  category: string | null,
  canonicalConnectorId: string | null,
  logoUrl: string | null,
  logoUrlDark: string | null,
  materializedAppIds: Array<string>,
  reason: AppTemplateUnavailableReason | null,
};
