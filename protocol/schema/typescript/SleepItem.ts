// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./v2/ThreadItem";

export type SleepItem = Omit<Extract<ThreadItem, { "type": "sleep" }>, "type">;
