// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";
import type { ComputerUseMacosConfig } from "./ComputerUseMacosConfig";
import type { ComputerUseWindowsConfig } from "./ComputerUseWindowsConfig";

/** Which programs may be controlled. */
export type ComputerUseConfig = {
  default_app_access?: AllowDenyRequirement | null,
  macos?: ComputerUseMacosConfig | null,
  windows?: ComputerUseWindowsConfig | null,
};
