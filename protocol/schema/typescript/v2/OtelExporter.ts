// Generated from the message types of codex-trio. Do not edit.
import type { OtelHttpProtocol } from "./OtelHttpProtocol";
import type { OtelTlsConfig } from "./OtelTlsConfig";

/** Where telemetry goes. */
export type OtelExporter = "none" | "statsig" | { "otlp-http": {
  endpoint: string,
  headers: { [key in string]?: string },
  protocol: OtelHttpProtocol,
  tls: OtelTlsConfig | null,
} } | { "otlp-grpc": {
  endpoint: string,
  headers: { [key in string]?: string },
  tls: OtelTlsConfig | null,
} };
