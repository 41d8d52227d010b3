// Generated from the message types of codex-trio. Do not edit.
import type { BrowserUseOriginPolicyConfig } from "./BrowserUseOriginPolicyConfig";

/** Settings of the browser tool. */
export type BrowserUseConfig = {
  allow_history_access?: boolean | null,
  default_origin_policy?: BrowserUseOriginPolicyConfig | null,
  origins?: { [key in string]?: BrowserUseOriginPolicyConfig } | null,
};
