// Generated from the message types of codex-trio. Do not edit.

/** Where the user is. Null where not set. */
export type WebSearchLocation = {
  country?: string | null,
  region?: string | null,
  city?: string | null,
  timezone?: string | null,
};
