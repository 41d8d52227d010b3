// Generated from the message types of codex-trio. Do not edit.
import type { DeviceKeyAlgorithm } from "./DeviceKeyAlgorithm";
import type { DeviceKeyProtectionClass } from "./DeviceKeyProtectionClass";

/** The new key. The public half is standard base64 of its SubjectPublicKeyInfo in DER. */
export type DeviceKeyCreateResponse = {
  keyId: string,
  publicKeySpkiDerBase64: string,
  algorithm: DeviceKeyAlgorithm,
  protectionClass: DeviceKeyProtectionClass,
};
