// Generated from the message types of codex-trio. Do not edit.
import type { AppToolSummary } from "./AppToolSummary";

/** All about an app. Null where not told. */
export type ConnectorMetadata = {
  id: string,
  name: string,
  description: string | null,
  iconUrl: string | null,
  iconUrlDark: string | null,
  distributionChannel: string | null,
  installUrl: string | null,
  pluginDisplayNames: Array<string>,
  toolSummaries: Array<AppToolSummary> | null,
};
