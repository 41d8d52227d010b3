// Generated from the message types of codex-trio. Do not edit.

/** Ask whether the Bedrock settings suit a GovCloud region. */
export type BedrockCheckGovCloudRequirementsParams = Record<string, never>;
