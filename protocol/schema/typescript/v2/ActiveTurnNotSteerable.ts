// Generated from the message types of codex-trio. Do not edit.
import type { NonSteerableTurnKind } from "./NonSteerableTurnKind";

/** The running turn takes no input. */
export type ActiveTurnNotSteerable = {
  turnKind: NonSteerableTurnKind,
};
