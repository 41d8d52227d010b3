// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** What a part of a command line seems to do; a guess for display. */
export type CommandAction = {
  "type": "read",
  command: string,
  name: string,
  path: LegacyAppPathString,
} | {
  "type": "listFiles",
  command: string,
  path: string | null,
} | {
  "type": "search",
  command: string,
  query: string | null,
  path: string | null,
} | {
  "type": "unknown",
  command: string,
};
