// Generated from the message types of codex-trio. Do not edit.

/** Where a newly logged-in user is led. */
export type DesktopOnboardingEntrypoint = "life_sciences";
