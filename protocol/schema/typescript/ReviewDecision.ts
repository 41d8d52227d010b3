// Generated from the message types of codex-trio. Do not edit.
import type { ReviewDecisionObject } from "./v2/ReviewDecisionObject";

/**
 * How a client answers an approval request of the older form.
 *
 * `denied` refuses and goes on with the turn, `abort` also ends it.
 */
export type ReviewDecision = "approved" | "denied" | "approved_for_session" | "approved_mcp_policy_amendment" | "timed_out" | "abort" | ReviewDecisionObject;
