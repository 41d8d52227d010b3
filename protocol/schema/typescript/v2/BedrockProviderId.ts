// Generated from the message types of codex-trio. Do not edit.

/** A built-in provider of Amazon Bedrock. */
export type BedrockProviderId = "amazon-bedrock" | "amazon-bedrock-runtime";
