// Generated from the message types of codex-trio. Do not edit.

/** A check that the provider asks the user to pass. */
export type ModelVerification = "trustedAccessForCyber";
