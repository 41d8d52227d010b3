// Generated from the message types of codex-trio. Do not edit.
import type { ThreadMetadataGitInfoUpdateParams } from "./ThreadMetadataGitInfoUpdateParams";

/**
 * Change what is stored about a thread.
 *
 * Errors: -32600 when nothing is to change, a value is empty, or the thread is unknown or ephemeral.
 */
export type ThreadMetadataUpdateParams = {
  threadId: string,
  /** Null keeps, an empty string leaves the thread without a project. */
  projectId?: string | null,
  gitInfo?: ThreadMetadataGitInfoUpdateParams | null,
  /** Null keeps. */
  daybreakEnabled?: boolean | null,
};
