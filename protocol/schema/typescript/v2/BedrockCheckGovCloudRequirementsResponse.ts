// Generated from the message types of codex-trio. Do not edit.

/** Whether the region is a GovCloud one, and whether to warn. */
export type BedrockCheckGovCloudRequirementsResponse = {
  isGovCloud: boolean,
  shouldWarn: boolean,
};
