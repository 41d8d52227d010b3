// Generated from the message types of codex-trio. Do not edit.

/**
 * List models that may be chosen. Null is the configured provider; hidden models only on demand.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type ModelListParams = {
  modelProvider?: string | null,
  cursor?: string | null,
  limit?: number | null,
  includeHidden?: boolean | null,
};
