// Generated from the message types of codex-trio. Do not edit.

/** A picture of an app in use. */
export type AppScreenshot = {
  url: string | null,
  fileId: string | null,
  userPrompt: string,
};
