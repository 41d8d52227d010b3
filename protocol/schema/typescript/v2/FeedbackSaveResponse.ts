// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** Where the report is. The digest of the instructions is null when unknown. */
export type FeedbackSaveResponse = {
  savedPath: LegacyAppPathString,
  threadId: string,
  promptHash: string | null,
};
