// Generated from the message types of codex-trio. Do not edit.
import type { DeviceKeyProtectionPolicy } from "./DeviceKeyProtectionPolicy";

/**
 * Make a key bound to an account's user and a client. A null policy means hardware only.
 *
 * Errors: -32600 for an empty binding or when no acceptable key store exists; -32603 when the store fails.
 */
export type DeviceKeyCreateParams = {
  accountUserId: string,
  clientId: string,
  protectionPolicy?: DeviceKeyProtectionPolicy | null,
};
