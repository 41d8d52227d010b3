// Generated from the message types of codex-trio. Do not edit.
import type { NetworkApprovalProtocol } from "./NetworkApprovalProtocol";

/** The host that a command tried to reach. */
export type NetworkApprovalContext = {
  host: string,
  protocol: NetworkApprovalProtocol,
};
