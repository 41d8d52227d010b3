// Generated from the message types of codex-trio. Do not edit.
import type { McpElicitationConstOption } from "./McpElicitationConstOption";

/** Choices with words. */
export type McpElicitationTitledEnumItems = {
  anyOf: Array<McpElicitationConstOption>,
};
