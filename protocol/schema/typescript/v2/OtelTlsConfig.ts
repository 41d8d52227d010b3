// Generated from the message types of codex-trio. Do not edit.

/** Certificates for telemetry. */
export type OtelTlsConfig = {
  "ca-certificate": string | null,
  "client-certificate": string | null,
  "client-private-key": string | null,
};
