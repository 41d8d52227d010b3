// Generated from the message types of codex-trio. Do not edit.
import type { RequestHeader } from "./RequestHeader";

/** What is required of the browser extension. */
export type BrowserUseExtensionRequirements = {
  requestHeaders: Array<RequestHeader> | null,
};
