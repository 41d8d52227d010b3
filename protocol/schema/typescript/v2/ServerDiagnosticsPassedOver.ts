// Generated from the message types of codex-trio. Do not edit.

/** A launcher of confined commands, or the path of one, and why another one is used. */
export type ServerDiagnosticsPassedOver = {
  launcher: string,
  reason: string,
};
