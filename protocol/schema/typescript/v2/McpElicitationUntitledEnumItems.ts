// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** Choices. */
export type McpElicitationUntitledEnumItems = {
  type: McpElicitationStringType,
  enum: Array<string>,
};
