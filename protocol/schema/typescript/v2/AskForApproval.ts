// Generated from the message types of codex-trio. Do not edit.
import type { GranularAskForApproval } from "./GranularAskForApproval";

/**
 * When to ask before running something: `untrusted` for all but commands known to be harmless, `on-request` when the
 * model asks to leave the sandbox, `never`. `on-failure` is known to releases up to 0.131 only.
 */
export type AskForApproval = "untrusted" | "on-request" | "never" | "on-failure" | GranularAskForApproval;
