// Generated from the message types of codex-trio. Do not edit.

/** What a web search did. */
export type WebSearchAction = {
  "type": "search",
  query: string | null,
  queries: Array<string> | null,
} | {
  "type": "openPage",
  url: string | null,
} | {
  "type": "findInPage",
  url: string | null,
  pattern: string | null,
} | {
  "type": "other",
};
