// Generated from the message types of codex-trio. Do not edit.
import type { DynamicToolCallOutputContentItem } from "./DynamicToolCallOutputContentItem";

/** What the tool gave back; `success` false tells the model that it failed. */
export type DynamicToolCallResponse = {
  contentItems: Array<DynamicToolCallOutputContentItem>,
  success: boolean,
};
