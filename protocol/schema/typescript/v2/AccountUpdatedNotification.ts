// Generated from the message types of codex-trio. Do not edit.
import type { AuthMode } from "../AuthMode";
import type { PlanType } from "../PlanType";
import type { AccountUpdateReason } from "./AccountUpdateReason";

/** The login has changed; null mode means logged out. */
export type AccountUpdatedNotification = {
  authMode: AuthMode | null,
  planType: PlanType | null,
  /** Why it is told although nothing else has changed; null for a login and a logout. */
  reason: AccountUpdateReason | null,
};
