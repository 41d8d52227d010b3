// Generated from the message types of codex-trio. Do not edit.
import type { AppToolApproval } from "./AppToolApproval";

/** Settings of an app's tools by name. */
export type AppToolsConfig = { [key in string]?: {
  approval_mode?: AppToolApproval | null,
  enabled?: boolean | null,
} };
