// Generated from the message types of codex-trio. Do not edit.

/**
 * List the permission profiles that may be chosen. Without a limit all come at once.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type PermissionProfileListParams = {
  cursor?: string | null,
  limit?: number | null,
  cwd?: string | null,
};
