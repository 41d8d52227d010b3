// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";
import type { ComputerUseWindowsExeRequirement } from "./ComputerUseWindowsExeRequirement";

/** Programs by their ids and files. */
export type ComputerUseWindowsRequirements = {
  aumids: { [key in string]?: AllowDenyRequirement } | null,
  exes: Array<ComputerUseWindowsExeRequirement> | null,
};
