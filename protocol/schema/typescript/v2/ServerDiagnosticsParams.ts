// Generated from the message types of codex-trio. Do not edit.

/** Ask how the server is doing. No content of threads is told. */
export type ServerDiagnosticsParams = Record<string, never>;
