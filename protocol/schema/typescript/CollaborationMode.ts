// Generated from the message types of codex-trio. Do not edit.
import type { ModeKind } from "./ModeKind";
import type { Settings } from "./Settings";

/** A mode together with the settings that it brings. */
export type CollaborationMode = {
  mode: ModeKind,
  settings: Settings,
};
