// Generated from the message types of codex-trio. Do not edit.
import type { ThreadReadState } from "./ThreadReadState";

/** The state that results. */
export type ThreadReadStateUpdateResponse = {
  readState: ThreadReadState,
};
