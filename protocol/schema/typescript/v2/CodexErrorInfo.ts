// Generated from the message types of codex-trio. Do not edit.
import type { NonSteerableTurnKind } from "./NonSteerableTurnKind";

/** What went wrong, for programs. New kinds may appear in any release. */
export type CodexErrorInfo = "bioPolicy" | "contextWindowExceeded" | "sessionBudgetExceeded" | "usageLimitExceeded" | "rateLimitExceeded" | "flexUnavailable" | "serverOverloaded" | "modelNotFound" | "policyCapacityUnavailable" | "cyberPolicy" | "misalignmentPolicyViolation" | "tooManyDenials" | "internalServerError" | "unauthorized" | "badRequest" | "threadRollbackFailed" | "sandboxError" | "other" | "inferenceHookDenied" | { httpConnectionFailed: {
  httpStatusCode: number | null,
} } | { responseStreamConnectionFailed: {
  httpStatusCode: number | null,
} } | { responseStreamDisconnected: {
  httpStatusCode: number | null,
} } | { responseTooManyFailedAttempts: {
  httpStatusCode: number | null,
} } | { activeTurnNotSteerable: {
  turnKind: NonSteerableTurnKind,
} } | string | { [key: string]: unknown };
