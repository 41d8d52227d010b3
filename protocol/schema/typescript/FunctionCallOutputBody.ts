// Generated from the message types of codex-trio. Do not edit.
import type { FunctionCallOutputContentItem } from "./FunctionCallOutputContentItem";

/** A tool's output: plain text, or parts. */
export type FunctionCallOutputBody = string | Array<FunctionCallOutputContentItem>;
