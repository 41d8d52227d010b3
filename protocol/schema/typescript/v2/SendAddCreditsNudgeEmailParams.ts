// Generated from the message types of codex-trio. Do not edit.
import type { AddCreditsNudgeCreditType } from "./AddCreditsNudgeCreditType";

/**
 * Ask the workspace's owner for more.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type SendAddCreditsNudgeEmailParams = {
  creditType: AddCreditsNudgeCreditType,
};
