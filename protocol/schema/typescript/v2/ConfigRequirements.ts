// Generated from the message types of codex-trio. Do not edit.
import type { ForcedLoginMethod } from "../ForcedLoginMethod";
import type { WebSearchMode } from "../WebSearchMode";
import type { JsonValue } from "../serde_json/JsonValue";
import type { ApplicationRequirements } from "./ApplicationRequirements";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { AutoReviewRequirements } from "./AutoReviewRequirements";
import type { BrowserUseRequirements } from "./BrowserUseRequirements";
import type { CliAuthCredentialsStoreMode } from "./CliAuthCredentialsStoreMode";
import type { ComputerUseRequirements } from "./ComputerUseRequirements";
import type { FeedbackRequirements } from "./FeedbackRequirements";
import type { InAppBrowserRequirements } from "./InAppBrowserRequirements";
import type { ManagedHooksRequirements } from "./ManagedHooksRequirements";
import type { ModelsRequirements } from "./ModelsRequirements";
import type { NetworkRequirements } from "./NetworkRequirements";
import type { OtelRequirements } from "./OtelRequirements";
import type { ResidencyRequirement } from "./ResidencyRequirement";
import type { SandboxMode } from "./SandboxMode";
import type { WindowsSandboxImplementation } from "./WindowsSandboxImplementation";

/** All that is required. Null requires nothing. */
export type ConfigRequirements = {
  modelProvider: string | null,
  modelProviders: { [key in string]?: JsonValue } | null,
  allowedLoginMethods: Array<ForcedLoginMethod> | null,
  cliAuthCredentialsStore: CliAuthCredentialsStoreMode | null,
  chatgptBaseUrl: string | null,
  additionalDeveloperInstructions: string | null,
  allowedApprovalPolicies: Array<AskForApproval> | null,
  allowedApprovalsReviewers: Array<ApprovalsReviewer> | null,
  allowedSandboxModes: Array<SandboxMode> | null,
  allowedWindowsSandboxImplementations: Array<WindowsSandboxImplementation> | null,
  allowedPermissionProfiles: { [key in string]?: boolean } | null,
  defaultPermissions: string | null,
  allowedWebSearchModes: Array<WebSearchMode> | null,
  allowManagedHooksOnly: boolean | null,
  allowBrowserAndComputerUse: boolean | null,
  allowAppshots: boolean | null,
  allowRemoteControl: boolean | null,
  computerUse: ComputerUseRequirements | null,
  browserUse: BrowserUseRequirements | null,
  inAppBrowser: InAppBrowserRequirements | null,
  featureRequirements: { [key in string]?: boolean } | null,
  hooks: ManagedHooksRequirements | null,
  enforceResidency: ResidencyRequirement | null,
  network: NetworkRequirements | null,
  application: ApplicationRequirements | null,
  autoReview: AutoReviewRequirements | null,
  models: ModelsRequirements | null,
  sqliteHome: string | null,
  logDir: string | null,
  modelCatalogJson: string | null,
  checkForUpdateOnStartup: boolean | null,
  allowLoginShell: boolean | null,
  feedback: FeedbackRequirements | null,
  otel: OtelRequirements | null,
};
