// Generated from the message types of codex-trio. Do not edit.
import type { RequestId } from "../RequestId";

/** Stop a running `thread/sample`, by its request id. */
export type ThreadSampleCancelParams = {
  requestId: RequestId,
};
