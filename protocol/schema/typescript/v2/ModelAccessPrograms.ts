// Generated from the message types of codex-trio. Do not edit.
import type { CyberAccessProgram } from "./CyberAccessProgram";

/** Programmes that may be asked for with a model. */
export type ModelAccessPrograms = {
  cyber: Array<CyberAccessProgram>,
};
