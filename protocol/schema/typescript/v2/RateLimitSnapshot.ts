// Generated from the message types of codex-trio. Do not edit.
import type { PlanType } from "../PlanType";
import type { CreditsSnapshot } from "./CreditsSnapshot";
import type { RateLimitReachedType } from "./RateLimitReachedType";
import type { RateLimitWindow } from "./RateLimitWindow";
import type { SpendControlLimitSnapshot } from "./SpendControlLimitSnapshot";

/** One limit and where it stands. Null where not told; an update leaves what is null as it was. */
export type RateLimitSnapshot = {
  limitId: string | null,
  limitName: string | null,
  normalModelSlug: string | null,
  primary: RateLimitWindow | null,
  secondary: RateLimitWindow | null,
  credits: CreditsSnapshot | null,
  individualLimit: SpendControlLimitSnapshot | null,
  spendControlReached: boolean | null,
  planType: PlanType | null,
  rateLimitReachedType: RateLimitReachedType | null,
};
