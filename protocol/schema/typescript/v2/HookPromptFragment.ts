// Generated from the message types of codex-trio. Do not edit.

/** Words of one hook. */
export type HookPromptFragment = {
  text: string,
  hookRunId: string,
};
