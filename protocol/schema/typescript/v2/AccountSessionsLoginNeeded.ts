// Generated from the message types of codex-trio. Do not edit.

/** The workspace wants a login first, at this page. */
export type AccountSessionsLoginNeeded = {
  auth_url: string,
  login_id: string,
};
