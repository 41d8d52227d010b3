// Generated from the message types of codex-trio. Do not edit.
import type { CommandExecutionApprovalDecisionObject } from "./CommandExecutionApprovalDecisionObject";

/**
 * Answer to a command approval.
 *
 * `acceptForSession` covers the same command later on; `decline` lets the turn go on, `cancel` ends it.
 */
export type CommandExecutionApprovalDecision = "accept" | "acceptForSession" | "decline" | "cancel" | CommandExecutionApprovalDecisionObject;
