// Generated from the message types of codex-trio. Do not edit.

/** Who decided that. */
export type PluginInstallPolicySource = "WORKSPACE_SETTING" | "IMPLICIT_CANONICAL_APP";
