// Generated from the message types of codex-trio. Do not edit.

/** Whether it was attached now or before. */
export type ThreadAttachmentAddOutcome = "created" | "existing";
