// Generated from the message types of codex-trio. Do not edit.

/** How an app's review stands. */
export type AppReview = {
  status: string,
};
