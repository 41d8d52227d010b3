// Generated from the message types of codex-trio. Do not edit.

/** Turns that take no further input. */
export type NonSteerableTurnKind = "review" | "compact";
