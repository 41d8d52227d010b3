// Generated from the message types of codex-trio. Do not edit.

/** One number about the server. */
export type ServerDiagnosticsGauge = {
  name: string,
  value: number,
};
