// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";
import type { BrowserUseAccessApprovalLifetime } from "./BrowserUseAccessApprovalLifetime";

/** What the browser tool may do on a site. Null requires nothing. */
export type BrowserUseOriginPolicy = {
  access: AllowDenyRequirement | null,
  downloads: AllowDenyRequirement | null,
  uploads: AllowDenyRequirement | null,
  fullCdpAccess: AllowDenyRequirement | null,
  autoReview: AllowDenyRequirement | null,
  persistentApproval: boolean | null,
  accessApprovalLifetime: BrowserUseAccessApprovalLifetime | null,
};
