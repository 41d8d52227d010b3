// Generated from the message types of codex-trio. Do not edit.
import type { CollaborationMode } from "../CollaborationMode";
import type { MultiAgentMode } from "../MultiAgentMode";
import type { Personality } from "../Personality";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningSummary } from "../ReasoningSummary";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { SandboxPolicy } from "./SandboxPolicy";
import type { TurnEnvironmentParams } from "./TurnEnvironmentParams";

/**
 * Change the settings of later turns. Null keeps a setting; `serviceTier` is cleared by null.
 *
 * Errors: -32600 for an unknown thread and for settings that contradict one another.
 */
export type ThreadSettingsUpdateParams = {
  threadId: string,
  disabledPluginIds?: Array<string> | null,
  cwd?: string | null,
  environments?: Array<TurnEnvironmentParams> | null,
  approvalPolicy?: AskForApproval | null,
  approvalsReviewer?: ApprovalsReviewer | null,
  sandboxPolicy?: SandboxPolicy | null,
  permissions?: string | null,
  model?: string | null,
  serviceTier?: string | null,
  effort?: ReasoningEffort | null,
  summary?: ReasoningSummary | null,
  collaborationMode?: CollaborationMode | null,
  multiAgentMode?: MultiAgentMode | null,
  personality?: Personality | null,
};
