// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { HookEventName } from "./HookEventName";
import type { HookSource } from "./HookSource";
import type { HookTrustStatus } from "./HookTrustStatus";

/** A configured hook. */
export type HookMetadata = {
  "handlerType": "command",
  key: string,
  eventName: HookEventName,
  matcher: string | null,
  /** In seconds. */
  timeoutSec: number,
  statusMessage: string | null,
  /** Tokens of context before it goes to a file; null is 2500, 0 never. */
  additionalContextLimit: number | null,
  sourcePath: AbsolutePathBuf,
  source: HookSource,
  pluginId: string | null,
  environmentId: string | null,
  displayOrder: number,
  enabled: boolean,
  isManaged: boolean,
  /** Digest that trust refers to. */
  currentHash: string,
  trustStatus: HookTrustStatus,
  command: string,
  async: boolean,
} | {
  "handlerType": "mcpTool",
  key: string,
  eventName: HookEventName,
  matcher: string | null,
  /** In seconds. */
  timeoutSec: number,
  statusMessage: string | null,
  /** Tokens of context before it goes to a file; null is 2500, 0 never. */
  additionalContextLimit: number | null,
  sourcePath: AbsolutePathBuf,
  source: HookSource,
  pluginId: string | null,
  environmentId: string | null,
  displayOrder: number,
  enabled: boolean,
  isManaged: boolean,
  /** Digest that trust refers to. */
  currentHash: string,
  trustStatus: HookTrustStatus,
  server: string,
  tool: string,
} | {
  "handlerType": "prompt",
  key: string,
  eventName: HookEventName,
  matcher: string | null,
  /** In seconds. */
  timeoutSec: number,
  statusMessage: string | null,
  /** Tokens of context before it goes to a file; null is 2500, 0 never. */
  additionalContextLimit: number | null,
  sourcePath: AbsolutePathBuf,
  source: HookSource,
  pluginId: string | null,
  environmentId: string | null,
  displayOrder: number,
  enabled: boolean,
  isManaged: boolean,
  /** Digest that trust refers to. */
  currentHash: string,
  trustStatus: HookTrustStatus,
} | {
  "handlerType": "agent",
  key: string,
  eventName: HookEventName,
  matcher: string | null,
  /** In seconds. */
  timeoutSec: number,
  statusMessage: string | null,
  /** Tokens of context before it goes to a file; null is 2500, 0 never. */
  additionalContextLimit: number | null,
  sourcePath: AbsolutePathBuf,
  source: HookSource,
  pluginId: string | null,
  environmentId: string | null,
  displayOrder: number,
  enabled: boolean,
  isManaged: boolean,
  /** Digest that trust refers to. */
  currentHash: string,
  trustStatus: HookTrustStatus,
};
