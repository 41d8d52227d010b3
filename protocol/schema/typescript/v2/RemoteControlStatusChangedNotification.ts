// Generated from the message types of codex-trio. Do not edit.
import type { RemoteControlConnectionStatus } from "./RemoteControlConnectionStatus";

/** Whether this server can be controlled; the environment is null until it is registered. */
export type RemoteControlStatusChangedNotification = {
  status: RemoteControlConnectionStatus,
  serverName: string,
  installationId: string,
  environmentId: string | null,
};
