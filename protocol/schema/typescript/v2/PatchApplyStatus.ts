// Generated from the message types of codex-trio. Do not edit.

/** Where a patch stands; `declined` means that it was refused. */
export type PatchApplyStatus = "inProgress" | "completed" | "failed" | "declined";
