// Generated from the message types of codex-trio. Do not edit.
import type { OtlpGrpcExporter } from "./OtlpGrpcExporter";
import type { OtlpHttpExporter } from "./OtlpHttpExporter";

/** The exporters that need settings. */
export type OtelExporterObject = { "otlp-http": OtlpHttpExporter } | { "otlp-grpc": OtlpGrpcExporter };
