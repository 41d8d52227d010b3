// Generated from the message types of codex-trio. Do not edit.
import type { HookRunSummary } from "./HookRunSummary";

/** A hook has run; the turn is null outside turns. */
export type HookCompletedNotification = {
  threadId: string,
  turnId: string | null,
  run: HookRunSummary,
};
