// Generated from the message types of codex-trio. Do not edit.

/** Look for AWS credentials on this machine. */
export type BedrockDiscoverParams = Record<string, never>;
