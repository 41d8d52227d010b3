// Generated from the message types of codex-trio. Do not edit.
import type { AppToolApproval } from "./AppToolApproval";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";

/** Settings of apps without their own. */
export type AppsDefaultConfig = {
  enabled?: boolean,
  approvals_reviewer?: ApprovalsReviewer | null,
  destructive_enabled?: boolean,
  open_world_enabled?: boolean,
  default_tools_approval_mode?: AppToolApproval | null,
};
