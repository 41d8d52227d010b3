// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationNumberType } from "./McpElicitationNumberType";

/** A number. */
export type McpElicitationNumberSchema = {
  type: McpElicitationNumberType,
  title?: string | null,
  description?: string | null,
  minimum?: number | null,
  maximum?: number | null,
  default?: number | null,
};
