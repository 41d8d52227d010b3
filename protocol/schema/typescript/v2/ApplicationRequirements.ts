// Generated from the message types of codex-trio. Do not edit.
import type { ApplicationNetworkRequirements } from "./ApplicationNetworkRequirements";
import type { ApplicationStorageRequirements } from "./ApplicationStorageRequirements";

/** What is required of the desktop program. */
export type ApplicationRequirements = {
  network: ApplicationNetworkRequirements | null,
  storage: ApplicationStorageRequirements | null,
};
