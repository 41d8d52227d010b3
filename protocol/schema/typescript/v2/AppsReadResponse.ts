// Generated from the message types of codex-trio. Do not edit.
import type { ConnectorMetadata } from "./ConnectorMetadata";

/** The apps that exist, and ids that do not. */
export type AppsReadResponse = {
  apps: Array<ConnectorMetadata>,
  missingAppIds: Array<string>,
};
