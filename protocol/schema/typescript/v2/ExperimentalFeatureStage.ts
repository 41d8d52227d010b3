// Generated from the message types of codex-trio. Do not edit.

/** How far along a feature is. */
export type ExperimentalFeatureStage = "beta" | "underDevelopment" | "stable" | "deprecated" | "removed";
