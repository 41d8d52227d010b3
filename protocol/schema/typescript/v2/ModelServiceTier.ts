// Generated from the message types of codex-trio. Do not edit.

/** A service tier of a model. */
export type ModelServiceTier = {
  id: string,
  name: string,
  description: string,
};
