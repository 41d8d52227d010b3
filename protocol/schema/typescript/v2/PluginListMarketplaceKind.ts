// Generated from the message types of codex-trio. Do not edit.

/** Which marketplaces to list. */
export type PluginListMarketplaceKind = "local" | "vertical" | "workspace-directory" | "shared-with-me" | "created-by-me-remote";
