// Generated from the message types of codex-trio. Do not edit.
import type { ThreadUnreadPosition } from "./ThreadUnreadPosition";

/** What the user has not seen of a thread; null means nothing. The revision guards against changing it blindly. */
export type ThreadReadState = {
  firstUnread: ThreadUnreadPosition | null,
  revision: string,
};
