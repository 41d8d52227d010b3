// Generated from the message types of codex-trio. Do not edit.
import type { ConfiguredHookHandler } from "./ConfiguredHookHandler";

/** Hooks that run for what matches; null matches all. */
export type ConfiguredHookMatcherGroup = {
  matcher: string | null,
  hooks: Array<ConfiguredHookHandler>,
};
