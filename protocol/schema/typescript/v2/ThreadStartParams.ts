// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { MultiAgentMode } from "../MultiAgentMode";
import type { Personality } from "../Personality";
import type { JsonValue } from "../serde_json/JsonValue";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { DynamicToolSpec } from "./DynamicToolSpec";
import type { SandboxMode } from "./SandboxMode";
import type { SelectedCapabilityRoot } from "./SelectedCapabilityRoot";
import type { ThreadHistoryMode } from "./ThreadHistoryMode";
import type { ThreadSource } from "./ThreadSource";
import type { ThreadStartSource } from "./ThreadStartSource";
import type { TurnEnvironmentParams } from "./TurnEnvironmentParams";

/**
 * Begin a thread and subscribe to it. Null settings come from configuration.
 *
 * Errors: -32600 when configuration does not load with these settings, settings contradict one another, or a tool or
 * environment is not acceptable.
 */
export type ThreadStartParams = {
  model?: string | null,
  modelProvider?: string | null,
  /** Take the provider's default when it does not have the model. */
  allowProviderModelFallback?: boolean,
  /** Null is the default tier, absence the configured one. */
  serviceTier?: string | null,
  /** Relative to the server's own folder; need not exist. */
  cwd?: string | null,
  runtimeWorkspaceRoots?: Array<AbsolutePathBuf> | null,
  approvalPolicy?: AskForApproval | null,
  approvalsReviewer?: ApprovalsReviewer | null,
  /** Not together with `permissions`. */
  sandbox?: SandboxMode | null,
  /** A permission profile's name. */
  permissions?: string | null,
  /** Configuration by dotted key, stronger than files. */
  config?: { [key in string]?: JsonValue } | null,
  serviceName?: string | null,
  baseInstructions?: string | null,
  developerInstructions?: string | null,
  personality?: Personality | null,
  multiAgentMode?: MultiAgentMode | null,
  /** Keep nothing on disk. */
  ephemeral?: boolean | null,
  historyMode?: ThreadHistoryMode | null,
  sessionStartSource?: ThreadStartSource | null,
  threadSource?: ThreadSource | null,
  projectId?: string | null,
  daybreakEnabled?: boolean | null,
  /** Where tools run; null is the default one, an empty list none. */
  environments?: Array<TurnEnvironmentParams> | null,
  /** Tools that this client runs. */
  dynamicTools?: Array<DynamicToolSpec> | null,
  selectedCapabilityRoots?: Array<SelectedCapabilityRoot> | null,
  /** For tests of the experimental gate. */
  mockExperimentalField?: string | null,
  /** Also notify of every item of the model's history. */
  experimentalRawEvents?: boolean,
  /** Without effect. */
  persistExtendedHistory?: boolean,
};
