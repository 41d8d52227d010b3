// Generated from the message types of codex-trio. Do not edit.

/** What happened to an attachment. */
export type ThreadAttachmentOperation = "created" | "deleted";
