// Generated from the message types of codex-trio. Do not edit.
import type { WorkspaceMessageType } from "./WorkspaceMessageType";

/** A message from the workspace. Times are Unix seconds. */
export type WorkspaceMessage = {
  messageId: string,
  messageType: WorkspaceMessageType,
  messageBody: string,
  createdAt: number | null,
  archivedAt: number | null,
};
