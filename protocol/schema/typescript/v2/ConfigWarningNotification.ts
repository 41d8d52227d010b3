// Generated from the message types of codex-trio. Do not edit.
import type { TextRange } from "./TextRange";

/** Something about the configuration is not as it should be. Place and file are left out when unknown. */
export type ConfigWarningNotification = {
  summary: string,
  details: string | null,
  path?: string | null,
  range?: TextRange | null,
};
