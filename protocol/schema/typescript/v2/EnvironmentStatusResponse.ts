// Generated from the message types of codex-trio. Do not edit.
import type { EnvironmentStatusKind } from "./EnvironmentStatusKind";

/** Whether it can be reached, and if not, why. */
export type EnvironmentStatusResponse = {
  status: EnvironmentStatusKind,
  error?: string | null,
};
