// Generated from the message types of codex-trio. Do not edit.
import type { WorkspaceMessage } from "./WorkspaceMessage";

/**
 * Messages to show, if the account has any such thing.
 *
 * Errors: -32600 without a login.
 */
export type GetWorkspaceMessagesResponse = {
  featureEnabled: boolean,
  messages: Array<WorkspaceMessage>,
};
