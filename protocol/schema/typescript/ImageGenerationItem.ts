// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./v2/ThreadItem";

export type ImageGenerationItem = Extract<ThreadItem, { "type": "imageGeneration" }> extends infer Member ? (Member extends unknown ? Omit<Member, "type" | "startedAtMs" | "completedAtMs"> : never) : never;
