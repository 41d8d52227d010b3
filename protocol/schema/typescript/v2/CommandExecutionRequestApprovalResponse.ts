// Generated from the message types of codex-trio. Do not edit.
import type { CommandExecutionApprovalDecision } from "./CommandExecutionApprovalDecision";

/** The decision on a command. One that cannot be read counts as `decline`. */
export type CommandExecutionRequestApprovalResponse = {
  decision: CommandExecutionApprovalDecision,
};
