// Generated from the message types of codex-trio. Do not edit.
import type { WindowsSandboxReadiness } from "./WindowsSandboxReadiness";

/** Whether the sandbox is set up. */
export type WindowsSandboxReadinessResponse = {
  status: WindowsSandboxReadiness,
};
