// Generated from the message types of codex-trio. Do not edit.
import type { ThreadUsageBreakdownGroup } from "./ThreadUsageBreakdownGroup";

/** Use of a thread in millionths of a credit and of a dollar; null when unknown. */
export type ThreadUsage = {
  threadId: string,
  estimatedUsageCreditsMicros: number,
  estimatedUsageUsdMicros: number | null,
  nativeUsageUsdMicros: number | null,
  groups: Array<ThreadUsageBreakdownGroup>,
};
