// Generated from the message types of codex-trio. Do not edit.
import type { RequestId } from "../RequestId";
import type { ThreadSearchResult } from "./ThreadSearchResult";

/** Some threads that a running `thread/search/stream` has found, in no order; not all need to be on its page. */
export type ThreadSearchPartialNotification = {
  requestId: RequestId,
  data: Array<ThreadSearchResult>,
};
