// Generated from the message types of codex-trio. Do not edit.
import type { PermissionProfileFileSystemPermissions } from "./PermissionProfileFileSystemPermissions";
import type { PermissionProfileNetworkPermissions } from "./PermissionProfileNetworkPermissions";

/** Permissions spelled out in a request. Releases up to 0.131 take them where later ones take a profile's name. */
export type PermissionProfile = {
  "type": "managed",
  fileSystem: PermissionProfileFileSystemPermissions,
  network: PermissionProfileNetworkPermissions,
} | {
  "type": "disabled",
} | {
  "type": "external",
  network: PermissionProfileNetworkPermissions,
};
