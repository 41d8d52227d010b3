// Generated from the message types of codex-trio. Do not edit.
import type { ClientInfo } from "./ClientInfo";
import type { InitializeCapabilities } from "./InitializeCapabilities";

/**
 * First request of a connection. Null capabilities mean none.
 *
 * Errors: -32600 `Already initialized` the second time, and for a client name that no HTTP header can carry.
 */
export type InitializeParams = {
  clientInfo: ClientInfo,
  capabilities?: InitializeCapabilities | null,
};
