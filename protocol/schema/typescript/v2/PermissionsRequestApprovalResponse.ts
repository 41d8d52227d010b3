// Generated from the message types of codex-trio. Do not edit.
import type { GrantedPermissionProfile } from "./GrantedPermissionProfile";
import type { PermissionGrantScope } from "./PermissionGrantScope";

/** What is granted; an empty profile refuses. */
export type PermissionsRequestApprovalResponse = {
  permissions: GrantedPermissionProfile,
  scope?: PermissionGrantScope,
  /** True has every later command of this turn reviewed first. */
  strictAutoReview?: boolean | null,
};
