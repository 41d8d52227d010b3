// Generated from the message types of codex-trio. Do not edit.
import type { NetworkDomainPermission } from "./NetworkDomainPermission";
import type { NetworkUnixSocketPermission } from "./NetworkUnixSocketPermission";

/** What is required of the network. Null requires nothing. */
export type NetworkRequirements = {
  enabled: boolean | null,
  httpPort: number | null,
  socksPort: number | null,
  allowUpstreamProxy: boolean | null,
  dangerouslyAllowNonLoopbackProxy: boolean | null,
  dangerouslyAllowAllUnixSockets: boolean | null,
  domains: { [key in string]?: NetworkDomainPermission } | null,
  reviewDomains: Array<string> | null,
  managedAllowedDomainsOnly: boolean | null,
  allowedDomains: Array<string> | null,
  deniedDomains: Array<string> | null,
  unixSockets: { [key in string]?: NetworkUnixSocketPermission } | null,
  allowUnixSockets: Array<string> | null,
  allowLocalBinding: boolean | null,
};
