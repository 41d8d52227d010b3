// Generated from the message types of codex-trio. Do not edit.
import type { FileChangeApprovalDecision } from "./FileChangeApprovalDecision";

/** The decision on a patch. */
export type FileChangeRequestApprovalResponse = {
  decision: FileChangeApprovalDecision,
};
