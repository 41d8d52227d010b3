// Generated from the message types of codex-trio. Do not edit.
import type { AdditionalFileSystemPermissions } from "./AdditionalFileSystemPermissions";
import type { AdditionalNetworkPermissions } from "./AdditionalNetworkPermissions";

/** What the model asks to be allowed. Null parts ask for nothing. */
export type RequestPermissionProfile = {
  network: AdditionalNetworkPermissions | null,
  fileSystem: AdditionalFileSystemPermissions | null,
};
