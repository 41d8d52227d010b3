// Generated from the message types of codex-trio. Do not edit.
import type { AllowDenyRequirement } from "./AllowDenyRequirement";

/** A program by its publisher and names. */
export type ComputerUseWindowsExeRequirement = {
  publisherName: string,
  productName: string,
  binaryName: string | null,
  access: AllowDenyRequirement,
};
