// Generated from the message types of codex-trio. Do not edit.
import type { OtelExporter } from "./OtelExporter";
import type { OtelToolResultLogConfig } from "./OtelToolResultLogConfig";

/** What is required of telemetry. Null requires nothing. */
export type OtelRequirements = {
  tool_result: OtelToolResultLogConfig | null,
  /** Command that prints headers for telemetry. */
  headers_helper: string | null,
  /** How often it is run, at least 1. */
  headers_helper_refresh_interval_ms: number | null,
  log_sse_deltas: boolean | null,
  log_user_prompt: boolean | null,
  log_agent_responses: boolean | null,
  log_guardian_assessments: boolean | null,
  environment: string | null,
  exporter: OtelExporter | null,
  trace_exporter: OtelExporter | null,
  metrics_exporter: OtelExporter | null,
  span_attributes: { [key in string]?: string } | null,
  tracestate: { [key in string]?: { [key in string]?: string } } | null,
};
