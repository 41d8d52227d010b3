// Generated from the message types of codex-trio. Do not edit.
import type { HookRunSummary } from "./HookRunSummary";

/** A hook runs; the turn is null outside turns. */
export type HookStartedNotification = {
  threadId: string,
  turnId: string | null,
  run: HookRunSummary,
};
