// Generated from the message types of codex-trio. Do not edit.
import type { ReviewDelivery } from "./ReviewDelivery";
import type { ReviewTarget } from "./ReviewTarget";

/**
 * Review code in a turn of a thread. Null runs it in the thread itself.
 *
 * Errors: -32600 for a blank branch, commit or instruction, and when the thread is not loaded.
 */
export type ReviewStartParams = {
  threadId: string,
  target: ReviewTarget,
  delivery?: ReviewDelivery | null,
};
