// Generated from the message types of codex-trio. Do not edit.

/** Whether it was still there. */
export type ThreadQueueDeleteResponse = {
  deleted: boolean,
};
