// Generated from the message types of codex-trio. Do not edit.

/** How the device recognised the user. */
export type UserVerificationBiometricType = "fingerprint";
