// Generated from the message types of codex-trio. Do not edit.

/** How telemetry is encoded. */
export type OtelHttpProtocol = "binary" | "json";
