// Generated from the message types of codex-trio. Do not edit.
import type { AwsCredentialType } from "./AwsCredentialType";

/** Credentials in the environment. */
export type BedrockEnvironmentCredential = {
  type: AwsCredentialType,
  region: string | null,
};
