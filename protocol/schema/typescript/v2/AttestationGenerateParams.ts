// Generated from the message types of codex-trio. Do not edit.

/** Ask for a fresh attestation token; sent to clients that declared the capability. */
export type AttestationGenerateParams = Record<string, never>;
