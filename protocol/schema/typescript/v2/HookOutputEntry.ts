// Generated from the message types of codex-trio. Do not edit.
import type { HookOutputEntryKind } from "./HookOutputEntryKind";

/** Words of a hook. */
export type HookOutputEntry = {
  kind: HookOutputEntryKind,
  text: string,
};
