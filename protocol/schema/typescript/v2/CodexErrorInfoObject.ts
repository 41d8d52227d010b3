// Generated from the message types of codex-trio. Do not edit.
import type { ActiveTurnNotSteerable } from "./ActiveTurnNotSteerable";
import type { HttpFailure } from "./HttpFailure";

/** The kinds of errors that carry more than a word. */
export type CodexErrorInfoObject = { httpConnectionFailed: HttpFailure } | { responseStreamConnectionFailed: HttpFailure } | { responseStreamDisconnected: HttpFailure } | { responseTooManyFailedAttempts: HttpFailure } | { activeTurnNotSteerable: ActiveTurnNotSteerable };
