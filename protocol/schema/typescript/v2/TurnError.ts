// Generated from the message types of codex-trio. Do not edit.
import type { CodexErrorInfo } from "./CodexErrorInfo";
import type { MisalignmentErrorDetails } from "./MisalignmentErrorDetails";

/** Why a turn failed, or why a request is tried again. The kind is null when it is not known. */
export type TurnError = {
  message: string,
  codexErrorInfo: CodexErrorInfo | null,
  additionalDetails: string | null,
  misalignment: MisalignmentErrorDetails | null,
};
