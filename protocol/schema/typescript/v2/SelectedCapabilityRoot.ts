// Generated from the message types of codex-trio. Do not edit.
import type { CapabilityRootLocation } from "./CapabilityRootLocation";

/** A folder that brings skills or plugins along. */
export type SelectedCapabilityRoot = {
  id: string,
  location: CapabilityRootLocation,
};
