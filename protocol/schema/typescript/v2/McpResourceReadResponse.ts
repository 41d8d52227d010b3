// Generated from the message types of codex-trio. Do not edit.
import type { ResourceContent } from "../ResourceContent";

/** What the resource holds. */
export type McpResourceReadResponse = {
  contents: Array<ResourceContent>,
  originCallId: string | null,
};
