// Generated from the message types of codex-trio. Do not edit.
import type { PermissionProfileSummary } from "./PermissionProfileSummary";

/** A page of profiles; a null cursor marks the last one. */
export type PermissionProfileListResponse = {
  data: Array<PermissionProfileSummary>,
  nextCursor: string | null,
};
