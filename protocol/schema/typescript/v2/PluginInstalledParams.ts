// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** List what is installed, for some folders. */
export type PluginInstalledParams = {
  cwds?: Array<AbsolutePathBuf> | null,
  installSuggestionPluginNames?: Array<string> | null,
};
