// Generated from the message types of codex-trio. Do not edit.
import type { AddCreditsNudgeEmailStatus } from "./AddCreditsNudgeEmailStatus";

/** Whether a mail went out. */
export type SendAddCreditsNudgeEmailResponse = {
  status: AddCreditsNudgeEmailStatus,
};
