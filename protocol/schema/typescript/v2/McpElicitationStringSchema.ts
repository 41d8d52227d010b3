// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationStringFormat } from "./McpElicitationStringFormat";
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** A text. */
export type McpElicitationStringSchema = {
  type: McpElicitationStringType,
  title?: string | null,
  description?: string | null,
  minLength?: number | null,
  maxLength?: number | null,
  format?: McpElicitationStringFormat | null,
  default?: string | null,
};
