// Generated from the message types of codex-trio. Do not edit.

/** What one command may take of the machine. `heldBy` is null where nothing holds it to that. Our own. */
export type ServerDiagnosticsLimit = {
  name: string,
  value: number | null,
  heldBy: string | null,
  note: string | null,
};
