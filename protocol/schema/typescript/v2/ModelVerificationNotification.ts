// Generated from the message types of codex-trio. Do not edit.
import type { ModelVerification } from "./ModelVerification";

/** The provider asks for further checks of the user. */
export type ModelVerificationNotification = {
  threadId: string,
  turnId: string,
  verifications: Array<ModelVerification>,
};
