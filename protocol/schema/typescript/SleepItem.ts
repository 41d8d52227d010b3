// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./v2/ThreadItem";

export type SleepItem = Extract<ThreadItem, { "type": "sleep" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type" | "startedAtMs" | "completedAtMs"> : never) : never;
