// Generated from the message types of codex-trio. Do not edit.
import type { ScheduledTaskWeekday } from "./ScheduledTaskWeekday";

/** When a task runs; times are HH:MM. */
export type ScheduledTaskSchedule = {
  "type": "hourly",
  intervalHours: number,
  days: Array<ScheduledTaskWeekday> | null,
} | {
  "type": "daily",
  time: string,
} | {
  "type": "weekdays",
  time: string,
} | {
  "type": "weekly",
  days: Array<ScheduledTaskWeekday>,
  time: string,
};
