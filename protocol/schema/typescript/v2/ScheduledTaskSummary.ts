// Generated from the message types of codex-trio. Do not edit.
import type { ScheduledTaskSchedule } from "./ScheduledTaskSchedule";

/** A task that a plugin proposes. */
export type ScheduledTaskSummary = {
  key: string,
  name: string,
  prompt: string,
  schedule: ScheduledTaskSchedule,
};
