// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/attachment/remove`: it is done. */
export type ThreadAttachmentRemoveResponse = Record<string, never>;
