// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { RequestPermissionProfile } from "./RequestPermissionProfile";

/** Ask for more permissions on the model's behalf. */
export type PermissionsRequestApprovalParams = {
  threadId: string,
  turnId: string,
  itemId: string,
  environmentId: string | null,
  /** Since when the request is open, in Unix milliseconds. */
  startedAtMs: number,
  cwd: LegacyAppPathString,
  reason: string | null,
  permissions: RequestPermissionProfile,
};
