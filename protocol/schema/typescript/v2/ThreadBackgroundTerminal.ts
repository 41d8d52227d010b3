// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** A command that still runs. Numbers are null where the system does not tell; memory is in KiB. */
export type ThreadBackgroundTerminal = {
  itemId: string,
  processId: string,
  command: string,
  cwd: LegacyAppPathString,
  osPid: number | null,
  cpuPercent: number | null,
  rssKb: number | null,
};
