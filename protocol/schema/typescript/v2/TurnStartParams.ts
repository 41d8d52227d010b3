// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { CollaborationMode } from "../CollaborationMode";
import type { MultiAgentMode } from "../MultiAgentMode";
import type { Personality } from "../Personality";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningSummary } from "../ReasoningSummary";
import type { JsonValue } from "../serde_json/JsonValue";
import type { AdditionalContextEntry } from "./AdditionalContextEntry";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { CyberAccessProgram } from "./CyberAccessProgram";
import type { SandboxPolicy } from "./SandboxPolicy";
import type { TurnEnvironmentParams } from "./TurnEnvironmentParams";
import type { TurnToolOutput } from "./TurnToolOutput";
import type { UserInput } from "./UserInput";

/**
 * Hand input to a thread: starts a turn, or joins the running one.
 *
 * Settings given here last for later turns too, unless said otherwise.
 *
 * Errors: -32600 when the thread is not loaded or an override is invalid; -32602 for more than 1048576 characters of
 * text; -32603 while a compaction or review runs.
 */
export type TurnStartParams = {
  threadId: string,
  /** Plugins to leave out; null keeps the list, an empty one enables all. */
  disabledPluginIds?: Array<string> | null,
  /** Comes back as the message item's `clientId`. */
  clientUserMessageId?: string | null,
  input: Array<UserInput>,
  /** What made the client start the turn; for statistics. */
  turnTrigger?: string | null,
  /** The turn on whose behalf this one works. */
  parentTurnId?: string | null,
  /** The first turn of that chain. */
  rootTurnId?: string | null,
  toolOutput?: TurnToolOutput | null,
  /** Replaces the metadata sent along with model requests. */
  responsesapiClientMetadata?: { [key in string]?: string } | null,
  /** Is merged into that metadata. */
  responsesapiClientMetadataPatch?: { [key in string]?: string } | null,
  /** Pieces of context by a key of the client's choice. */
  additionalContext?: { [key in string]?: AdditionalContextEntry } | null,
  /** Where tools run; null keeps, an empty list leaves the turn without any. */
  environments?: Array<TurnEnvironmentParams> | null,
  cwd?: string | null,
  runtimeWorkspaceRoots?: Array<AbsolutePathBuf> | null,
  approvalPolicy?: AskForApproval | null,
  approvalsReviewer?: ApprovalsReviewer | null,
  sandboxPolicy?: SandboxPolicy | null,
  /** A profile's name; not together with `sandboxPolicy`. */
  permissions?: string | null,
  model?: string | null,
  /** Null returns to the default, absence keeps. */
  serviceTier?: string | null,
  /** For this turn only, and only if it starts one; `default` is the standard tier. */
  serviceTierForTurn?: string | null,
  effort?: ReasoningEffort | null,
  summary?: ReasoningSummary | null,
  personality?: Personality | null,
  /** JSON Schema for the final answer of this turn. */
  outputSchema?: JsonValue,
  collaborationMode?: CollaborationMode | null,
  multiAgentMode?: MultiAgentMode | null,
  cyberAccessProgram?: CyberAccessProgram | null,
};
