// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./v2/ThreadItem";

export type ImageGenerationItem = Omit<Extract<ThreadItem, { "type": "imageGeneration" }>, "type">;
