// Generated from the message types of codex-trio. Do not edit.
import type { AppsDefaultConfig } from "./AppsDefaultConfig";

/** Settings of apps. */
export type AppsConfig = {
  _default: AppsDefaultConfig | null,
};
