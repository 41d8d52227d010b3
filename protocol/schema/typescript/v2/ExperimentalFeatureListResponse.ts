// Generated from the message types of codex-trio. Do not edit.
import type { ExperimentalFeature } from "./ExperimentalFeature";

/** A page of features; a null cursor marks the last one. */
export type ExperimentalFeatureListResponse = {
  data: Array<ExperimentalFeature>,
  nextCursor: string | null,
};
