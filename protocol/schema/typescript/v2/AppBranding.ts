// Generated from the message types of codex-trio. Do not edit.

/** Who stands behind an app. Null where not told. */
export type AppBranding = {
  category: string | null,
  developer: string | null,
  website: string | null,
  privacyPolicy: string | null,
  termsOfService: string | null,
  isDiscoverableApp: boolean,
};
