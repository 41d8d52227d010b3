// Generated from the message types of codex-trio. Do not edit.
import type { ThreadMemoryMode } from "../ThreadMemoryMode";

/**
 * Let memories be made of a thread, or not.
 *
 * Errors: -32600 for an unknown or ephemeral thread.
 */
export type ThreadMemoryModeSetParams = {
  threadId: string,
  mode: ThreadMemoryMode,
};
