// Generated from the message types of codex-trio. Do not edit.
import type { NetworkDomainPermission } from "./NetworkDomainPermission";

/** Which domains the desktop program may reach. */
export type ApplicationNetworkRequirements = {
  enabled: boolean,
  domains: { [key in string]?: NetworkDomainPermission },
};
