// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** What this connection can do and wants to hear. */
export type InitializeCapabilities = {
  /** The client shows `humanCommand` approvals to a person and answers them once, never for the session. */
  requiredHumanApproval?: boolean,
  /** The client starts gateway logins itself; the server opens no browser. */
  explicitGatewayOauth?: boolean,
  /** Unlocks experimental methods and fields for this connection. */
  experimentalApi?: boolean,
  /** The client answers `attestation/generate`. */
  requestAttestation?: boolean,
  /** Older way to accept `openai/form` elicitations. */
  mcpServerOpenaiFormElicitation?: boolean,
  /** Exact names of notifications not to be sent here; unknown names do no harm. */
  optOutNotificationMethods?: Array<string> | null,
  /** MCP extensions that the client supports, with their settings. */
  extensions?: { [key in string]?: JsonValue } | null,
};
