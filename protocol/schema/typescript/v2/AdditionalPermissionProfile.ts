// Generated from the message types of codex-trio. Do not edit.
import type { AdditionalFileSystemPermissions } from "./AdditionalFileSystemPermissions";
import type { AdditionalNetworkPermissions } from "./AdditionalNetworkPermissions";

/** What a single command needs beyond its sandbox. */
export type AdditionalPermissionProfile = {
  network: AdditionalNetworkPermissions | null,
  fileSystem: AdditionalFileSystemPermissions | null,
};
