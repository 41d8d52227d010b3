// Generated from the message types of codex-trio. Do not edit.
import type { HookErrorInfo } from "./HookErrorInfo";
import type { HookMetadata } from "./HookMetadata";

/** Hooks for one folder. */
export type HooksListEntry = {
  cwd: string,
  hooks: Array<HookMetadata>,
  warnings: Array<string>,
  errors: Array<HookErrorInfo>,
};
