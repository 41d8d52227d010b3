// Generated from the message types of codex-trio. Do not edit.

/** The command has ended. The streams are empty when they were streamed. */
export type CommandExecResponse = {
  exitCode: number,
  stdout: string,
  stderr: string,
};
