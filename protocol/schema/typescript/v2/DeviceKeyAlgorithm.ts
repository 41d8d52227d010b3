// Generated from the message types of codex-trio. Do not edit.

/** Signature scheme of a device key: ECDSA on P-256 over SHA-256. */
export type DeviceKeyAlgorithm = "ecdsa_p256_sha256";
