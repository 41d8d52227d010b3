// Generated from the message types of codex-trio. Do not edit.
import type { RequestId } from "../RequestId";

/** Stop a verification request of this connection. */
export type UserVerificationCancelParams = {
  requestId: RequestId,
};
