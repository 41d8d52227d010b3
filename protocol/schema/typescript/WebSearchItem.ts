// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./v2/ThreadItem";

export type WebSearchItem = Extract<ThreadItem, { "type": "webSearch" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type" | "startedAtMs" | "completedAtMs"> : never) : never;
