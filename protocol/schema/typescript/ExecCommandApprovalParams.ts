// Generated from the message types of codex-trio. Do not edit.
import type { ParsedCommand } from "./ParsedCommand";
import type { ThreadId } from "./ThreadId";

/** Ask whether a command may run. Older form; threads of today send `item/commandExecution/requestApproval`. */
export type ExecCommandApprovalParams = {
  conversationId: ThreadId,
  callId: string,
  /** Tells several approvals of one call apart; null when there is one. */
  approvalId: string | null,
  command: Array<string>,
  cwd: string,
  reason: string | null,
  parsedCmd: Array<ParsedCommand>,
};
