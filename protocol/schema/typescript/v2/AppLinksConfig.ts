// Generated from the message types of codex-trio. Do not edit.
import type { AppToolApproval } from "./AppToolApproval";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";

/** Settings of connected accounts by their id. */
export type AppLinksConfig = { [key in string]?: {
  approvals_reviewer?: ApprovalsReviewer | null,
  default_tools_approval_mode?: AppToolApproval | null,
} };
