// Generated from the message types of codex-trio. Do not edit.
import type { AuthMode } from "../AuthMode";
import type { PlanType } from "../PlanType";

/** The login has changed; null mode means logged out. */
export type AccountUpdatedNotification = {
  authMode: AuthMode | null,
  planType: PlanType | null,
};
