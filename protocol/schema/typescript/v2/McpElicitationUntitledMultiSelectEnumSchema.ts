// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationArrayType } from "./McpElicitationArrayType";
import type { McpElicitationUntitledEnumItems } from "./McpElicitationUntitledEnumItems";

/** Some of several choices. */
export type McpElicitationUntitledMultiSelectEnumSchema = {
  type: McpElicitationArrayType,
  title?: string | null,
  description?: string | null,
  minItems?: number | null,
  maxItems?: number | null,
  items: McpElicitationUntitledEnumItems,
  default?: Array<string> | null,
};
