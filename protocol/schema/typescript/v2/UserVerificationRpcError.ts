// Generated from the message types of codex-trio. Do not edit.
import type { UserVerificationErrorDetails } from "./UserVerificationErrorDetails";

/** The error of a failed verification. */
export type UserVerificationRpcError = {
  code: number,
  message: string,
  data: UserVerificationErrorDetails,
};
