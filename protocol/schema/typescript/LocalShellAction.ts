// Generated from the message types of codex-trio. Do not edit.

/** What a local shell call does. */
export type LocalShellAction = {
  "type": "exec",
  command: Array<string>,
  timeout_ms?: number | null,
  working_directory?: string | null,
  env?: { [key in string]?: string } | null,
  user?: string | null,
};
