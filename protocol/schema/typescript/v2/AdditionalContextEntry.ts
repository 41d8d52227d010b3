// Generated from the message types of codex-trio. Do not edit.
import type { AdditionalContextKind } from "./AdditionalContextKind";

/**
 * A piece of context that the client adds to a turn.
 *
 * `name` labels untrusted text as if a tool of that name had said it.
 */
export type AdditionalContextEntry = {
  value: string,
  kind: AdditionalContextKind,
  name?: string | null,
};
