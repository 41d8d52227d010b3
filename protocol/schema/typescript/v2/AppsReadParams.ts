// Generated from the message types of codex-trio. Do not edit.

/**
 * Read about up to 100 apps by id.
 *
 * Errors: -32600 for more.
 */
export type AppsReadParams = {
  appIds: Array<string>,
  threadId?: string | null,
  includeTools?: boolean,
};
