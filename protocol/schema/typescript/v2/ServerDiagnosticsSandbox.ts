// Generated from the message types of codex-trio. Do not edit.
import type { ServerDiagnosticsPassedOver } from "./ServerDiagnosticsPassedOver";

/** What confines commands: `bubblewrap`, `namespaces` or `landlock`; null when nothing here can. Our own. */
export type ServerDiagnosticsSandbox = {
  launcher: string | null,
  program: string | null,
  version: string | null,
  userNamespaces: boolean,
  landlockAbi: number | null,
  seccomp: boolean,
  passedOver: Array<ServerDiagnosticsPassedOver>,
};
