// Generated from the message types of codex-trio. Do not edit.

/** The profile that a thread's permissions came from, and the one that it extends. */
export type ActivePermissionProfile = {
  /** Built-in names begin with a colon, such as `:workspace`. */
  id: string,
  extends: string | null,
};
