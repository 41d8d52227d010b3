// Generated from the message types of codex-trio. Do not edit.

/** What a web search did. */
export type WebSearchAction = {
  "type": "search",
  queries?: Array<string> | null,
  query?: string | null,
} | {
  "type": "open_page",
  url?: string | null,
} | {
  "type": "find_in_page",
  pattern?: string | null,
  url?: string | null,
} | {
  "type": "other",
};
