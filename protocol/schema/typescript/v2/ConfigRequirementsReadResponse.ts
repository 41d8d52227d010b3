// Generated from the message types of codex-trio. Do not edit.
import type { ConfigRequirements } from "./ConfigRequirements";

/** What is required; null when nothing is. */
export type ConfigRequirementsReadResponse = {
  supportsIndependentSpeedModes: boolean | null,
  requirements: ConfigRequirements | null,
};
