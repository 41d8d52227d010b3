// Generated from the message types of codex-trio. Do not edit.
import type { RateLimitSnapshot } from "./RateLimitSnapshot";

/** Limits as the last model response told them; not all of them. */
export type AccountRateLimitsUpdatedNotification = {
  rateLimits: RateLimitSnapshot,
};
