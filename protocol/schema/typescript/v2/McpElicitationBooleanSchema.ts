// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationBooleanType } from "./McpElicitationBooleanType";

/** A yes or no. */
export type McpElicitationBooleanSchema = {
  type: McpElicitationBooleanType,
  title?: string | null,
  description?: string | null,
  default?: boolean | null,
};
