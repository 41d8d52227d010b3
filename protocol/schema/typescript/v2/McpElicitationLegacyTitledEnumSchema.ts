// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** One of several choices, in the older form. */
export type McpElicitationLegacyTitledEnumSchema = {
  type: McpElicitationStringType,
  title?: string | null,
  description?: string | null,
  enum: Array<string>,
  enumNames?: Array<string> | null,
  default?: string | null,
};
