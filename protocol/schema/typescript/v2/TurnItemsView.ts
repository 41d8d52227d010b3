// Generated from the message types of codex-trio. Do not edit.

/** How much of a turn's items is there: none, the first question and last answer, or all. */
export type TurnItemsView = "notLoaded" | "summary" | "full";
