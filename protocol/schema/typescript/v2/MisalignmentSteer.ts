// Generated from the message types of codex-trio. Do not edit.

/** Input that would let the work go on after a block, if the user agrees. */
export type MisalignmentSteer = {
  message: string,
};
