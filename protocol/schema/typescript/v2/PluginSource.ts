// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Where a plugin's files come from. */
export type PluginSource = {
  "type": "local",
  path: AbsolutePathBuf,
} | {
  "type": "git",
  url: string,
  path: string | null,
  refName: string | null,
  sha: string | null,
} | {
  "type": "npm",
  package: string,
  version: string | null,
  registry: string | null,
} | {
  "type": "remote",
};
