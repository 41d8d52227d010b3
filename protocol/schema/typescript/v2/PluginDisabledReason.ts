// Generated from the message types of codex-trio. Do not edit.

/** Why it cannot be used. */
export type PluginDisabledReason = "disabled_by_admin" | "plan_not_eligible" | "required_app_unavailable" | "unknown";
