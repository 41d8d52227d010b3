// Generated from the message types of codex-trio. Do not edit.
import type { OtelHttpProtocol } from "./OtelHttpProtocol";
import type { OtelTlsConfig } from "./OtelTlsConfig";

/** Telemetry over HTTP. */
export type OtlpHttpExporter = {
  endpoint: string,
  headers: { [key in string]?: string },
  protocol: OtelHttpProtocol,
  tls: OtelTlsConfig | null,
};
