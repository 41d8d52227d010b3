// Generated from the message types of codex-trio. Do not edit.

/** Who searches. */
export type WebSearchProvider = "standalone" | "search_mcp";
