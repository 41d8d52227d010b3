// Generated from the message types of codex-trio. Do not edit.

/** Answer to `account/bedrock/setup`: it is done. */
export type BedrockSetupResponse = Record<string, never>;
