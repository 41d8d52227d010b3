// Generated from the message types of codex-trio. Do not edit.

/** Words to start the first turn with. */
export type ThreadPrepareApprovedPlanResponse = {
  prompt: string,
};
