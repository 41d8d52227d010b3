// Generated from the message types of codex-trio. Do not edit.

/** Refuse, with words for the model. */
export type DeniedReview = {
  rejection: string,
};
