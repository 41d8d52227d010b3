// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { JsonValue } from "../serde_json/JsonValue";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { SandboxMode } from "./SandboxMode";
import type { ThreadSource } from "./ThreadSource";

/**
 * Begin a new thread with the history of another, named by id or by rollout file. Null settings are inherited.
 *
 * Errors: -32600 when no rollout exists, the thread is archived, a turn is unknown, or settings contradict one
 * another.
 */
export type ThreadForkParams = {
  threadId: string,
  /** Share as much of the source's prompt as possible. */
  experimentalPredictionMode?: boolean,
  /** Without MCP servers; only with prediction mode. */
  experimentalDisablePredictionMcp?: boolean,
  /** The last turn to keep; null keeps all. */
  lastTurnId?: string | null,
  /** The first turn to drop; not together with `lastTurnId`. */
  beforeTurnId?: string | null,
  /** A rollout file to fork; the thread id is ignored then. */
  path?: string | null,
  model?: string | null,
  modelProvider?: string | null,
  /** Null returns to the default, absence inherits. */
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
  /** Keep nothing on disk. */
  ephemeral?: boolean,
  /** The source owns the fork, which stays out of lists. */
  attachToSource?: boolean,
  threadSource?: ThreadSource | null,
  /** Leave `thread.turns` empty in the answer. */
  excludeTurns?: boolean,
  /** Take the goal along without starting to work on it. */
  deferGoalContinuation?: boolean,
  /** Without effect. */
  persistExtendedHistory?: boolean,
};
