// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** One of several choices. */
export type McpElicitationUntitledSingleSelectEnumSchema = {
  type: McpElicitationStringType,
  title?: string | null,
  description?: string | null,
  enum: Array<string>,
  default?: string | null,
};
