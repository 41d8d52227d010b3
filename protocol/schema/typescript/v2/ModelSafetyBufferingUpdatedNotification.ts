// Generated from the message types of codex-trio. Do not edit.

/** The provider holds back output while it is being checked. */
export type ModelSafetyBufferingUpdatedNotification = {
  threadId: string,
  turnId: string,
  model: string,
  useCases: Array<string>,
  reasons: Array<string>,
  showBufferingUi: boolean,
  /** A model that would answer without the wait; null for none. */
  fasterModel: string | null,
};
