// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginSearchScope } from "./PluginSearchScope";

/**
 * Find plugins by words.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type PluginSearchParams = {
  searchTerm: string,
  scope?: PluginSearchScope | null,
  cwds?: Array<AbsolutePathBuf> | null,
  cursor?: string | null,
  limit?: number | null,
};
