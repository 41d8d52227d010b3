// Generated from the message types of codex-trio. Do not edit.

/** List the collaboration modes. */
export type CollaborationModeListParams = Record<string, never>;
