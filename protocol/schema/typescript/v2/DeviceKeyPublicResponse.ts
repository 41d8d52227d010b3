// Generated from the message types of codex-trio. Do not edit.
import type { DeviceKeyAlgorithm } from "./DeviceKeyAlgorithm";
import type { DeviceKeyProtectionClass } from "./DeviceKeyProtectionClass";

/** A key's public half, as at its creation. */
export type DeviceKeyPublicResponse = {
  keyId: string,
  publicKeySpkiDerBase64: string,
  algorithm: DeviceKeyAlgorithm,
  protectionClass: DeviceKeyProtectionClass,
};
