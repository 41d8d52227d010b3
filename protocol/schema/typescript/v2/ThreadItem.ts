// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { FunctionCallOutputBody } from "../FunctionCallOutputBody";
import type { ImageGenerationFailure } from "../ImageGenerationFailure";
import type { ImageGenerationInputImage } from "../ImageGenerationInputImage";
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { MessagePhase } from "../MessagePhase";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { JsonValue } from "../serde_json/JsonValue";
import type { AgentMessageDelivery } from "./AgentMessageDelivery";
import type { AgentMessageModeration } from "./AgentMessageModeration";
import type { AsyncUserInputQuestion } from "./AsyncUserInputQuestion";
import type { CollabAgentState } from "./CollabAgentState";
import type { CollabAgentTool } from "./CollabAgentTool";
import type { CollabAgentToolCallStatus } from "./CollabAgentToolCallStatus";
import type { CommandAction } from "./CommandAction";
import type { CommandExecutionSource } from "./CommandExecutionSource";
import type { CommandExecutionStatus } from "./CommandExecutionStatus";
import type { DynamicToolCallOutputContentItem } from "./DynamicToolCallOutputContentItem";
import type { DynamicToolCallStatus } from "./DynamicToolCallStatus";
import type { FileUpdateChange } from "./FileUpdateChange";
import type { HookPromptFragment } from "./HookPromptFragment";
import type { McpAppUi } from "./McpAppUi";
import type { McpToolCallAppContext } from "./McpToolCallAppContext";
import type { McpToolCallError } from "./McpToolCallError";
import type { McpToolCallResult } from "./McpToolCallResult";
import type { McpToolCallStatus } from "./McpToolCallStatus";
import type { MemoryCitation } from "./MemoryCitation";
import type { PatchApplyStatus } from "./PatchApplyStatus";
import type { SubAgentActivityKind } from "./SubAgentActivityKind";
import type { UserInput } from "./UserInput";
import type { WebSearchAction } from "./WebSearchAction";

/** One thing that happened in a turn. */
export type ThreadItem = {
  "type": "userMessage",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  clientId: string | null,
  content: Array<UserInput>,
} | {
  "type": "hookPrompt",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  fragments: Array<HookPromptFragment>,
} | {
  "type": "agentMessage",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  moderation: AgentMessageModeration | null,
  id: string,
  text: string,
  phase: MessagePhase | null,
  memoryCitation: MemoryCitation | null,
  delivery: AgentMessageDelivery | null,
  questions: Array<AsyncUserInputQuestion> | null,
} | {
  "type": "functionCallOutput",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  name: string,
  namespace: string | null,
  output: FunctionCallOutputBody,
} | {
  "type": "plan",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  text: string,
} | {
  "type": "reasoning",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  summary: Array<string>,
  content: Array<string>,
} | {
  "type": "commandExecution",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  /** The plugin whose script this is, null for other commands. */
  pluginId: string | null,
  scriptPath: string | null,
  /** The command line, quoted for a shell. */
  command: string,
  cwd: LegacyAppPathString,
  processId: string | null,
  source: CommandExecutionSource,
  status: CommandExecutionStatus,
  commandActions: Array<CommandAction>,
  /** Both streams as they came, at most 1 MiB; null when there was none. */
  aggregatedOutput: string | null,
  exitCode: number | null,
  durationMs: number | null,
} | {
  "type": "fileChange",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  changes: Array<FileUpdateChange>,
  status: PatchApplyStatus,
} | {
  "type": "mcpToolCall",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  server: string,
  /** The environment that brings the server along; null for one of the whole thread. */
  environmentId: string | null,
  tool: string,
  status: McpToolCallStatus,
  arguments: JsonValue,
  appContext: McpToolCallAppContext | null,
  /** Older place of the interface's URI. */
  mcpAppResourceUri?: string | null,
  mcpAppUi: McpAppUi | null,
  pluginId: string | null,
  readOnlyHint: boolean | null,
  result: McpToolCallResult | null,
  error: McpToolCallError | null,
  durationMs: number | null,
} | {
  "type": "dynamicToolCall",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  namespace: string | null,
  tool: string,
  arguments: JsonValue,
  status: DynamicToolCallStatus,
  contentItems: Array<DynamicToolCallOutputContentItem> | null,
  success: boolean | null,
  durationMs: number | null,
} | {
  "type": "collabAgentToolCall",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  tool: CollabAgentTool,
  status: CollabAgentToolCallStatus,
  senderThreadId: string,
  /** The agents that it is about; a new one's after it was started. */
  receiverThreadIds: Array<string>,
  prompt: string | null,
  model: string | null,
  reasoningEffort: ReasoningEffort | null,
  /** Last known state by thread id. */
  agentsStates: { [key in string]?: CollabAgentState },
} | {
  "type": "subAgentActivity",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  model: string | null,
  reasoningEffort: ReasoningEffort | null,
  id: string,
  kind: SubAgentActivityKind,
  agentThreadId: string,
  agentPath: string,
} | {
  "type": "webSearch",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  query: string,
  action: WebSearchAction | null,
  results: Array<JsonValue> | null,
} | {
  "type": "imageView",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  path: LegacyAppPathString,
} | {
  "type": "sleep",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  durationMs: number,
} | {
  "type": "imageGeneration",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  status: string,
  revisedPrompt: string | null,
  transparentBackground: boolean | null,
  failure: ImageGenerationFailure | null,
  /** Where the server put a copy; null when it did not. */
  savedPath: AbsolutePathBuf | null,
  inputImages?: Array<ImageGenerationInputImage>,
  generationId: string | null,
} & ({ fileId: string } | { result: string }) | {
  "type": "enteredReviewMode",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  review: string,
} | {
  "type": "exitedReviewMode",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
  review: string,
} | {
  "type": "contextCompaction",
  /** Unix milliseconds; null when it was not recorded. */
  startedAtMs: number | null,
  /** Likewise; null while it goes on. */
  completedAtMs: number | null,
  id: string,
};
