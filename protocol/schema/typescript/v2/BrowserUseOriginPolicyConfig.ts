// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";

/** What the browser tool may do on a site. Null is the default. */
export type BrowserUseOriginPolicyConfig = {
  access?: AllowDenyRequirement | null,
  downloads?: AllowDenyRequirement | null,
  uploads?: AllowDenyRequirement | null,
  full_cdp_access?: AllowDenyRequirement | null,
};
