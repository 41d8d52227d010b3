// Generated from the message types of codex-trio. Do not edit.

/** Who connects. The name becomes part of the user agent and must be a legal HTTP header value. */
export type ClientInfo = {
  name: string,
  title?: string | null,
  version: string,
};
