// Generated from the message types of codex-trio. Do not edit.
import type { AdditionalFileSystemPermissions } from "./AdditionalFileSystemPermissions";
import type { AdditionalNetworkPermissions } from "./AdditionalNetworkPermissions";

/** What the client allows of what was asked. Null parts grant nothing. */
export type GrantedPermissionProfile = {
  network?: AdditionalNetworkPermissions | null,
  fileSystem?: AdditionalFileSystemPermissions | null,
};
