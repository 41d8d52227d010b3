// Generated from the message types of codex-trio. Do not edit.
import type { ExperimentalFeatureStage } from "./ExperimentalFeatureStage";

/** A feature. The texts are null unless it is in beta. */
export type ExperimentalFeature = {
  name: string,
  stage: ExperimentalFeatureStage,
  displayName: string | null,
  description: string | null,
  announcement: string | null,
  enabled: boolean,
  defaultEnabled: boolean,
};
