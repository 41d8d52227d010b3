// Generated from the message types of codex-trio. Do not edit.

/** Which outputs to leave out of a page, to be read one by one. */
export type ThreadItemOutputDeferral = {
  commandExecution?: boolean,
  mcpToolCall?: boolean,
};
