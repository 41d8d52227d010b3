// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningSummary } from "../ReasoningSummary";
import type { Verbosity } from "../Verbosity";
import type { WebSearchMode } from "../WebSearchMode";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { ToolsV2 } from "./ToolsV2";

/** Settings under a name. Releases up to 0.131.0. */
export type ProfileV2 = {
  approval_policy?: AskForApproval | null,
  approvals_reviewer?: ApprovalsReviewer | null,
  chatgpt_base_url?: string | null,
  model?: string | null,
  model_provider?: string | null,
  model_reasoning_effort?: ReasoningEffort | null,
  model_reasoning_summary?: ReasoningSummary | null,
  model_verbosity?: Verbosity | null,
  service_tier?: string | null,
  tools?: ToolsV2 | null,
  web_search?: WebSearchMode | null,
};
