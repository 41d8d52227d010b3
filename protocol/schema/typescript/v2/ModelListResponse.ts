// Generated from the message types of codex-trio. Do not edit.
import type { Model } from "./Model";

/** A page of models; a null cursor marks the last one. */
export type ModelListResponse = {
  data: Array<Model>,
  nextCursor: string | null,
};
