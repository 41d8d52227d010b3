// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";
import type { ComputerUseMacosRequirements } from "./ComputerUseMacosRequirements";
import type { ComputerUseWindowsRequirements } from "./ComputerUseWindowsRequirements";

/** What is required of controlling programs. */
export type ComputerUseRequirements = {
  allowLockedComputerUse: boolean | null,
  allowPersistentApproval: boolean | null,
  defaultAppAccess: AllowDenyRequirement | null,
  macos: ComputerUseMacosRequirements | null,
  windows: ComputerUseWindowsRequirements | null,
};
