// Generated from the message types of codex-trio. Do not edit.

/** Settings of the workspace-write sandbox. */
export type SandboxWorkspaceWrite = {
  writable_roots?: Array<string>,
  network_access?: boolean,
  exclude_tmpdir_env_var?: boolean,
  exclude_slash_tmp?: boolean,
};
