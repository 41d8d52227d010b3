// Generated from the message types of codex-trio. Do not edit.
import type { DesktopOnboardingEntrypoint } from "./DesktopOnboardingEntrypoint";

/** A login is over. The id is null when it had none, the error when it succeeded. */
export type AccountLoginCompletedNotification = {
  loginId: string | null,
  success: boolean,
  error: string | null,
  onboardingEntrypoint: DesktopOnboardingEntrypoint | null,
};
