// Generated from the message types of codex-trio. Do not edit.

/** Day of the week. */
export type ScheduledTaskWeekday = "MO" | "TU" | "WE" | "TH" | "FR" | "SA" | "SU";
