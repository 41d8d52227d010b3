// Generated from the message types of codex-trio. Do not edit.

/** Where to search. */
export type PluginSearchScope = "global" | "workspace" | "personal";
