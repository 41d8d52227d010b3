// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { HookEventName } from "./HookEventName";
import type { HookExecutionMode } from "./HookExecutionMode";
import type { HookHandlerType } from "./HookHandlerType";
import type { HookOutputEntry } from "./HookOutputEntry";
import type { HookRunStatus } from "./HookRunStatus";
import type { HookScope } from "./HookScope";
import type { HookSource } from "./HookSource";

/** One run of a hook. Times are Unix seconds, the duration is in milliseconds; null until it ends. */
export type HookRunSummary = {
  id: string,
  eventName: HookEventName,
  handlerType: HookHandlerType,
  executionMode: HookExecutionMode,
  scope: HookScope,
  sourcePath: LegacyAppPathString,
  source: HookSource,
  displayOrder: number,
  status: HookRunStatus,
  statusMessage: string | null,
  startedAt: number,
  completedAt: number | null,
  durationMs: number | null,
  entries: Array<HookOutputEntry>,
};
