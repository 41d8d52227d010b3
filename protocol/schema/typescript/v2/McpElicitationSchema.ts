// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationObjectType } from "./McpElicitationObjectType";
import type { McpElicitationPrimitiveSchema } from "./McpElicitationPrimitiveSchema";

/** A form, in the JSON Schema subset of MCP; passed through. */
export type McpElicitationSchema = {
  "$schema"?: string | null,
  type: McpElicitationObjectType,
  properties: { [key in string]?: McpElicitationPrimitiveSchema },
  required?: Array<string> | null,
};
