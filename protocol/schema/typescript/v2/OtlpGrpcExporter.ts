// Generated from the message types of codex-trio. Do not edit.
import type { OtelTlsConfig } from "./OtelTlsConfig";

/** Telemetry over gRPC. */
export type OtlpGrpcExporter = {
  endpoint: string,
  headers: { [key in string]?: string },
  tls: OtelTlsConfig | null,
};
