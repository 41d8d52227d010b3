// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";
import type { ComputerUseWindowsExeConfig } from "./ComputerUseWindowsExeConfig";

/** Programs by their ids and files. */
export type ComputerUseWindowsConfig = {
  aumids?: { [key in string]?: AllowDenyRequirement } | null,
  exes?: Array<ComputerUseWindowsExeConfig> | null,
};
