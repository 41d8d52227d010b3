// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { Personality } from "../Personality";
import type { ResponseItem } from "../ResponseItem";
import type { JsonValue } from "../serde_json/JsonValue";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { SandboxMode } from "./SandboxMode";
import type { ThreadResumeInitialTurnsPageParams } from "./ThreadResumeInitialTurnsPageParams";

/**
 * Load a thread and subscribe to it. A loaded thread keeps its settings. History comes before path, path before id.
 *
 * Errors: -32600 when no rollout exists, the thread is archived or closing, the path is not the running one's, or
 * settings contradict one another.
 */
export type ThreadResumeParams = {
  threadId: string,
  /** Model items to begin with instead of a stored thread; makes a new thread. */
  history?: Array<ResponseItem> | null,
  /** A rollout file to load; the thread id is ignored then. */
  path?: string | null,
  model?: string | null,
  modelProvider?: string | null,
  /** Null returns to the default, absence keeps. */
  serviceTier?: string | null,
  cwd?: string | null,
  runtimeWorkspaceRoots?: Array<AbsolutePathBuf> | null,
  approvalPolicy?: AskForApproval | null,
  approvalsReviewer?: ApprovalsReviewer | null,
  sandbox?: SandboxMode | null,
  permissions?: string | null,
  config?: { [key in string]?: JsonValue } | null,
  baseInstructions?: string | null,
  developerInstructions?: string | null,
  personality?: Personality | null,
  /** Leave `thread.turns` empty in the answer. */
  excludeTurns?: boolean,
  /** Ask for a page of turns in the answer. */
  initialTurnsPage?: ThreadResumeInitialTurnsPageParams | null,
  /** Without effect. */
  persistExtendedHistory?: boolean,
};
