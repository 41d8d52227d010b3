// Generated from the message types of codex-trio. Do not edit.
import type { RequestId } from "../RequestId";

/** A server request needs no answer any more: it was answered, or its turn ended. */
export type ServerRequestResolvedNotification = {
  threadId: string,
  requestId: RequestId,
};
