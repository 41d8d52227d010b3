// Generated from the message types of codex-trio. Do not edit.
import type { ServerDiagnosticsGauge } from "./ServerDiagnosticsGauge";
import type { ServerDiagnosticsProcess } from "./ServerDiagnosticsProcess";

/** The process and its gauges. */
export type ServerDiagnosticsResponse = {
  process: ServerDiagnosticsProcess,
  gauges: Array<ServerDiagnosticsGauge>,
};
