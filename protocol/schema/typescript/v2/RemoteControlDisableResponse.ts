// Generated from the message types of codex-trio. Do not edit.
import type { RemoteControlConnectionStatus } from "./RemoteControlConnectionStatus";

/** How it stands now. */
export type RemoteControlDisableResponse = {
  status: RemoteControlConnectionStatus,
  serverName: string,
  installationId: string,
  environmentId: string | null,
};
