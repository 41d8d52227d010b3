// Generated from the message types of codex-trio. Do not edit.

/** Data of an error about model providers. */
export type ModelProviderError = {
  "type": "modelProviderMismatch",
  modelProvider: string,
  currentModelProvider: string,
} | {
  "type": "modelProviderNotConfigured",
  modelProvider: string,
} | {
  "type": "modelProviderPolicyConflict",
  modelProvider: string,
  requiredModelProvider: string,
};
