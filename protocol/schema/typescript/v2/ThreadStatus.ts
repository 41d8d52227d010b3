// Generated from the message types of codex-trio. Do not edit.
import type { ThreadActiveFlag } from "./ThreadActiveFlag";

/** What a thread is doing. */
export type ThreadStatus = {
  "type": "notLoaded",
} | {
  "type": "idle",
} | {
  "type": "systemError",
} | {
  "type": "active",
  activeFlags: Array<ThreadActiveFlag>,
};
