// Generated from the message types of codex-trio. Do not edit.
import type { CodexErrorInfoObject } from "./CodexErrorInfoObject";

/** What went wrong, for programs. New kinds may appear in any release. */
export type CodexErrorInfo = "contextWindowExceeded" | "sessionBudgetExceeded" | "usageLimitExceeded" | "rateLimitExceeded" | "flexUnavailable" | "serverOverloaded" | "modelNotFound" | "policyCapacityUnavailable" | "cyberPolicy" | "misalignmentPolicyViolation" | "tooManyDenials" | "internalServerError" | "unauthorized" | "badRequest" | "threadRollbackFailed" | "sandboxError" | "other" | "inferenceHookDenied" | CodexErrorInfoObject | string | { [key: string]: unknown };
