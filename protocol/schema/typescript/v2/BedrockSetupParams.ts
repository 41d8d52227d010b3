// Generated from the message types of codex-trio. Do not edit.

/**
 * Set Amazon Bedrock up.
 *
 * Errors: -32600 when the credentials are not there.
 */
export type BedrockSetupParams = {
  "type": "profile",
  profile: string,
  region: string,
} | {
  "type": "environment",
  region: string,
};
