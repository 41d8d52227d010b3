// Generated from the message types of codex-trio. Do not edit.
import type { BrowserUseExtensionRequirements } from "./BrowserUseExtensionRequirements";
import type { BrowserUseOriginPolicy } from "./BrowserUseOriginPolicy";

/** What is required of the browser tool. */
export type BrowserUseRequirements = {
  extension: BrowserUseExtensionRequirements | null,
  allowWebmcp: boolean | null,
  allowHistoryAccess: boolean | null,
  disableAutoReview: boolean | null,
  allowGlobalPersistentApproval: boolean | null,
  defaultOriginPolicy: BrowserUseOriginPolicy | null,
  origins: { [key in string]?: BrowserUseOriginPolicy } | null,
};
