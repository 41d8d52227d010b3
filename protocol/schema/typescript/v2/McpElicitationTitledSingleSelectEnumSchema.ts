// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationConstOption } from "./McpElicitationConstOption";
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** One of several choices with words. */
export type McpElicitationTitledSingleSelectEnumSchema = {
  type: McpElicitationStringType,
  title?: string | null,
  description?: string | null,
  oneOf: Array<McpElicitationConstOption>,
  default?: string | null,
};
