// Generated from the message types of codex-trio. Do not edit.

/** A page of thread ids; a null cursor marks the last one. */
export type ThreadLoadedListResponse = {
  data: Array<string>,
  nextCursor: string | null,
};
