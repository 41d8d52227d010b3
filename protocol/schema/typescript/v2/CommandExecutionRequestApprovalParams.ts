// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { NetworkPolicyAmendment } from "../NetworkPolicyAmendment";
import type { AdditionalPermissionProfile } from "./AdditionalPermissionProfile";
import type { CommandAction } from "./CommandAction";
import type { CommandExecutionApprovalDecision } from "./CommandExecutionApprovalDecision";
import type { CommandExecutionApprovalKind } from "./CommandExecutionApprovalKind";
import type { NetworkApprovalContext } from "./NetworkApprovalContext";

/**
 * Ask whether a command may run, sent to every subscriber of the thread; the first answer counts.
 *
 * Keys without a value are left out.
 */
export type CommandExecutionRequestApprovalParams = {
  kind: CommandExecutionApprovalKind,
  threadId: string,
  turnId: string,
  itemId: string,
  /** Since when the request is open, in Unix milliseconds. */
  startedAtMs: number,
  /** Tells several approvals of one item apart. */
  approvalId?: string | null,
  /** Where it would run; null for the only environment. */
  environmentId: string | null,
  /** The model's reason, in its own words. */
  reason?: string | null,
  networkApprovalContext?: NetworkApprovalContext | null,
  /** The command line, quoted for a shell. */
  command?: string | null,
  cwd?: LegacyAppPathString | null,
  /** What it seems to do, for display. */
  commandActions?: Array<CommandAction> | null,
  additionalPermissions?: AdditionalPermissionProfile | null,
  /** Leading words of a rule that would make asking again needless. */
  proposedExecpolicyAmendment?: Array<string> | null,
  proposedNetworkPolicyAmendments?: Array<NetworkPolicyAmendment> | null,
  /** What to offer, in this order; others are understood too. */
  availableDecisions?: Array<CommandExecutionApprovalDecision> | null,
};
