// Generated from the message types of codex-trio. Do not edit.

/**
 * Set Google Cloud up. A null location is `global`; a null file uses the system's credentials.
 *
 * Errors: -32600 when the credentials are not there.
 */
export type GcpSetupParams = {
  projectId: string,
  location?: string | null,
  credentialFile?: string | null,
};
