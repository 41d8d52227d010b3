// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { GitInfo } from "./GitInfo";
import type { SessionSource } from "./SessionSource";
import type { ThreadEnvironment } from "./ThreadEnvironment";
import type { ThreadExtra } from "./ThreadExtra";
import type { ThreadHistoryMode } from "./ThreadHistoryMode";
import type { ThreadSection } from "./ThreadSection";
import type { ThreadSource } from "./ThreadSource";
import type { ThreadStatus } from "./ThreadStatus";
import type { Turn } from "./Turn";

/**
 * A conversation and its state.
 *
 * `createdAt`, `updatedAt`, `recencyAt` and `sectionEnteredAt` are Unix seconds.
 */
export type Thread = {
  id: string,
  /** Where its tools run, the main one first; null when it is not loaded. */
  environments: Array<ThreadEnvironment> | null,
  extra: ThreadExtra | null,
  /** Shared by all threads of one tree; a thread of its own has its own id. */
  sessionId: string,
  /** The thread whose history this one began with. */
  forkedFromId: string | null,
  /** The thread that owns this one and keeps it out of lists. */
  attachedToThreadId: string | null,
  /** The thread whose agent started this one; null unless it is a sub-agent's. */
  parentThreadId: string | null,
  /** The user's first words; empty before there are any. */
  preview: string,
  /** Nothing is kept on disk. */
  ephemeral: boolean,
  section: ThreadSection | null,
  sectionEnteredAt: number | null,
  projectId: string | null,
  historyMode: ThreadHistoryMode,
  modelProvider: string,
  model: string | null,
  reasoningEffort: ReasoningEffort | null,
  createdAt: number,
  updatedAt: number,
  /** When the user last cared about it; null when unknown. */
  recencyAt: number | null,
  status: ThreadStatus,
  /** The rollout file; null for ephemeral threads. */
  path: string | null,
  cwd: AbsolutePathBuf,
  cliVersion: string,
  originator: string | null,
  source: SessionSource,
  /** Whether turns may be started here; null when unknown. */
  canAcceptDirectInput: boolean | null,
  threadSource: ThreadSource | null,
  agentNickname: string | null,
  agentRole: string | null,
  /** Null until the first turn, and outside a repository. */
  gitInfo: GitInfo | null,
  /** A title given by the user; null when there is none. */
  name: string | null,
  /** A choice that the client keeps here; null when none was made. */
  daybreakEnabled: boolean | null,
  /** Filled only by responses that promise history, empty elsewhere. */
  turns: Array<Turn>,
};
