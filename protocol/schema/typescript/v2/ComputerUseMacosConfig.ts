// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";

/** Programs by bundle id. */
export type ComputerUseMacosConfig = {
  bundle_ids?: { [key in string]?: AllowDenyRequirement } | null,
};
