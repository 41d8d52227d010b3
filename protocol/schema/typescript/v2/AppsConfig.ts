// Generated from the message types of codex-trio. Do not edit.
import type { ToolExposureSurface } from "../ToolExposureSurface";
import type { AppLinksConfig } from "./AppLinksConfig";
import type { AppToolApproval } from "./AppToolApproval";
import type { AppToolsConfig } from "./AppToolsConfig";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AppsDefaultConfig } from "./AppsDefaultConfig";

/** Settings of apps by their id. */
export type AppsConfig = {
  _default?: AppsDefaultConfig | null,
} & { [key in string]?: {
  approvals_reviewer?: ApprovalsReviewer | null,
  default_tools_approval_mode?: AppToolApproval | null,
  default_tools_enabled?: boolean | null,
  destructive_enabled?: boolean | null,
  enabled?: boolean,
  links?: AppLinksConfig | null,
  omit_tools_from?: Array<ToolExposureSurface> | null,
  open_world_enabled?: boolean | null,
  tools?: AppToolsConfig | null,
} };
