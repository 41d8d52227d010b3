// Generated from the message types of codex-trio. Do not edit.
import type { ServerDiagnosticsGauge } from "./ServerDiagnosticsGauge";
import type { ServerDiagnosticsLimit } from "./ServerDiagnosticsLimit";
import type { ServerDiagnosticsProcess } from "./ServerDiagnosticsProcess";
import type { ServerDiagnosticsSandbox } from "./ServerDiagnosticsSandbox";

/** The process and its gauges. `sandbox` and `limits` are our own: the established server has no such fields. */
export type ServerDiagnosticsResponse = {
  process: ServerDiagnosticsProcess,
  gauges: Array<ServerDiagnosticsGauge>,
  sandbox?: ServerDiagnosticsSandbox,
  limits?: Array<ServerDiagnosticsLimit>,
};
