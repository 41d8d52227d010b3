// Generated from the message types of codex-trio. Do not edit.

/** The server's process. Bytes are null where the system does not tell. */
export type ServerDiagnosticsProcess = {
  id: number,
  residentMemoryBytes: number | null,
  physicalFootprintBytes: number | null,
};
