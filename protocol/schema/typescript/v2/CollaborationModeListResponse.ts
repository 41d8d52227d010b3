// Generated from the message types of codex-trio. Do not edit.
import type { CollaborationModeMask } from "./CollaborationModeMask";

/** The modes. */
export type CollaborationModeListResponse = {
  data: Array<CollaborationModeMask>,
};
