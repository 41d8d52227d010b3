// Generated from the message types of codex-trio. Do not edit.
import type { OtelExporterObject } from "./OtelExporterObject";

/** Where telemetry goes. */
export type OtelExporter = "none" | "statsig" | OtelExporterObject;
