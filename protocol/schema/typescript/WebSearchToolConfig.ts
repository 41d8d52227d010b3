// Generated from the message types of codex-trio. Do not edit.
import type { WebSearchContextSize } from "./WebSearchContextSize";
import type { WebSearchLocation } from "./WebSearchLocation";

/** Settings of web search. */
export type WebSearchToolConfig = {
  context_size?: WebSearchContextSize | null,
  allowed_domains?: Array<string> | null,
  location?: WebSearchLocation | null,
};
