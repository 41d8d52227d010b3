// Generated from the message types of codex-trio. Do not edit.
import type { BedrockAwsProfile } from "./BedrockAwsProfile";
import type { BedrockEnvironmentCredential } from "./BedrockEnvironmentCredential";

/** What was found. */
export type BedrockDiscoverResponse = {
  profiles: Array<BedrockAwsProfile>,
  environmentCredentials: Array<BedrockEnvironmentCredential>,
};
