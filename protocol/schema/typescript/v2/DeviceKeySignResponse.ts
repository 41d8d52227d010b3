// Generated from the message types of codex-trio. Do not edit.
import type { DeviceKeyAlgorithm } from "./DeviceKeyAlgorithm";

/** The signature in ASN.1 DER and the very bytes that were signed, both in standard base64. */
export type DeviceKeySignResponse = {
  signatureDerBase64: string,
  signedPayloadBase64: string,
  algorithm: DeviceKeyAlgorithm,
};
