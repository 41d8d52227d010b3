// Generated from the message types of codex-trio. Do not edit.
import type { RequestId } from "../RequestId";

/**
 * Give up a search of this connection by the id of its request. Each kind of search has its own method for that.
 *
 * A search that is still running is answered with -32600; an id without one is no error.
 */
export type ThreadSearchCancelParams = {
  requestId: RequestId,
};
