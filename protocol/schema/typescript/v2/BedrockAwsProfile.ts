// Generated from the message types of codex-trio. Do not edit.

/** A profile; a null region is not set there. */
export type BedrockAwsProfile = {
  name: string,
  region: string | null,
};
