// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";

/** A program by its publisher and names. */
export type ComputerUseWindowsExeConfig = {
  publisher_name: string,
  product_name: string,
  binary_name?: string | null,
  access: AllowDenyRequirement,
};
