// Generated from the message types of codex-trio. Do not edit.
import type { WindowsSandboxSetupMode } from "./WindowsSandboxSetupMode";

/** The setup is over. */
export type WindowsSandboxSetupCompletedNotification = {
  mode: WindowsSandboxSetupMode,
  success: boolean,
  error: string | null,
};
