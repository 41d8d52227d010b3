// Generated from the message types of codex-trio. Do not edit.
import type { HookEventName } from "./HookEventName";

/** A hook of a plugin. */
export type PluginHookSummary = {
  key: string,
  eventName: HookEventName,
};
