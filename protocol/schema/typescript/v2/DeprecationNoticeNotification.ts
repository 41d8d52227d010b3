// Generated from the message types of codex-trio. Do not edit.

/** Something the client did will not work forever. */
export type DeprecationNoticeNotification = {
  summary: string,
  details: string | null,
};
