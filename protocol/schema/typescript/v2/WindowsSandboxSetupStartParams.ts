// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { WindowsSandboxSetupMode } from "./WindowsSandboxSetupMode";

/**
 * Set the Windows sandbox up.
 *
 * Errors: -32603 on other systems.
 */
export type WindowsSandboxSetupStartParams = {
  mode: WindowsSandboxSetupMode,
  cwd?: AbsolutePathBuf | null,
};
