// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationArrayType } from "./McpElicitationArrayType";
import type { McpElicitationTitledEnumItems } from "./McpElicitationTitledEnumItems";

/** Some of several choices with words. */
export type McpElicitationTitledMultiSelectEnumSchema = {
  type: McpElicitationArrayType,
  title?: string | null,
  description?: string | null,
  minItems?: number | null,
  maxItems?: number | null,
  items: McpElicitationTitledEnumItems,
  default?: Array<string> | null,
};
