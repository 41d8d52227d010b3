// Generated from the message types of codex-trio. Do not edit.

/** Which kind of credentials was found. */
export type AwsCredentialType = "accessKeys" | "bedrockApiKey";
