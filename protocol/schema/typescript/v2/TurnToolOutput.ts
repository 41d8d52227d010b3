// Generated from the message types of codex-trio. Do not edit.
import type { FunctionCallOutputBody } from "../FunctionCallOutputBody";

/** Output of a tool that the client ran by itself, given along with a turn. */
export type TurnToolOutput = {
  name: string,
  namespace?: string | null,
  output: FunctionCallOutputBody,
  /** Keep it in the model's history after this turn. */
  retain?: boolean,
};
