// Generated from the message types of codex-trio. Do not edit.

/** Resolution at which the model looks at an image. */
export type ImageDetail = "auto" | "low" | "high" | "original";
